"""Sender keys: how a member of a group encrypts once for all others.

Each sending device has a chain of its own per group. It tells every other device where the chain stands, in a
message of the pairwise kind, and then sends one ciphertext that all of them can open and that only the holder
of the signing key can have made. As in `cipher`, every function returns the record to store, and a failed
call changes nothing. Labels and sizes are those of libsignal's groups.
"""

from collections.abc import Mapping
from typing import Final

import msgspec
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from google.protobuf.message import DecodeError

from waypost.sandbox.wire import xeddsa
from waypost.sandbox.wire.curve import KEY_SIZE, KeyPair, Randomness, typed, untyped
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.proto.whisper_pb2 import SenderKeyDistribution, SenderKeyMessage

from . import blocks
from .errors import Reason, SignalError
from .ratchet import chain_step

_VERSION: Final = b"\x33"
_LABEL: Final = b"WhisperGroup"
MAX_SKIPPED: Final = 2000
"""Messages of one chain that may be missing before one that is opened, and keys kept for them."""
MAX_CHAINS: Final = 5
"""Chains of one sender that are kept: messages of an old one may still be under way."""


class Chain(msgspec.Struct, frozen=True, array_like=True):
    """Where a sender's chain stands: `key` makes message number `iteration`; `skipped` are seeds of messages
    that have not come yet. `private` is there for the owner alone."""

    id: int
    iteration: int
    key: bytes
    signing: bytes
    private: bytes | None = None
    skipped: dict[int, bytes] = {}

    def __repr__(self) -> str:
        return f"Chain(id={self.id}, iteration={self.iteration})"


class SenderKey(msgspec.Struct, frozen=True, array_like=True):
    """What a device keeps about one sender of one group: its chains, newest first."""

    chains: tuple[Chain, ...]

    def to_bytes(self) -> bytes:
        """The record to store; it holds secret keys."""
        return msgspec.msgpack.encode(self)

    @classmethod
    def from_bytes(cls, record: bytes) -> "SenderKey":
        """Read a stored record; SignalError when it is none."""
        try:
            return msgspec.msgpack.decode(record, type=cls)
        except msgspec.MsgspecError as error:
            raise SignalError(Reason.MALFORMED, "A stored sender key can't be read.") from error


def generate(randomness: Randomness) -> SenderKey:
    """A new chain of one's own."""
    signing = KeyPair.generate(randomness)
    id = int.from_bytes(randomness(4)) & 0x7FFFFFFF
    return SenderKey((Chain(id, 0, randomness(KEY_SIZE), signing.public, signing.private),))


def distribution(key: SenderKey) -> bytes:
    """What others need to open the next message and those behind it."""
    chain = key.chains[0]
    body = SenderKeyDistribution(
        id=chain.id, iteration=chain.iteration, chain_key=chain.key, signing_key=typed(chain.signing)
    )
    return _VERSION + body.SerializeToString()


def accept(key: SenderKey | None, body: bytes) -> SenderKey:
    """Take over a distribution; one for a chain that is known already changes nothing. SignalError when it
    can't be read."""
    _check_version(body)
    try:
        told = SenderKeyDistribution.FromString(body[1:])
    except DecodeError as error:
        raise SignalError(Reason.MALFORMED, "A sender key can't be read.") from error
    if len(told.chain_key) != KEY_SIZE or not told.HasField("iteration"):
        raise SignalError(Reason.MALFORMED, "A sender key lacks its chain.")
    chain = Chain(told.id, told.iteration, told.chain_key, _public(told.signing_key))
    known = () if key is None else key.chains
    if any(one.id == chain.id and one.signing == chain.signing for one in known):
        return SenderKey(known)
    return SenderKey((chain, *(one for one in known if one.id != chain.id))[:MAX_CHAINS])


def encrypt(key: SenderKey, plaintext: bytes, randomness: Randomness) -> tuple[bytes, SenderKey]:
    """Seal an already padded plaintext with one's own chain; the body of a "skmsg" and the record."""
    chain = key.chains[0]
    if chain.private is None:
        raise SignalError(Reason.MALFORMED, "A sender key of somebody else can't encrypt.")
    seed, following = chain_step(chain.key)
    iv, secret = _message_keys(seed)
    message = SenderKeyMessage(
        id=chain.id, iteration=chain.iteration, ciphertext=blocks.encrypt(secret, iv, plaintext)
    )
    signed = _VERSION + message.SerializeToString()
    body = signed + xeddsa.sign(chain.private, signed, randomness)
    moved = msgspec.structs.replace(chain, iteration=chain.iteration + 1, key=following)
    return body, SenderKey((moved, *key.chains[1:]))


def decrypt(key: SenderKey | None, body: bytes) -> tuple[bytes, SenderKey]:
    """Open a "skmsg"; the plaintext is still padded. SignalError says why it did not open."""
    signed, signature = body[: -xeddsa.SIGNATURE_SIZE], body[-xeddsa.SIGNATURE_SIZE :]
    _check_version(signed)
    try:
        message = SenderKeyMessage.FromString(signed[1:])
    except DecodeError as error:
        raise SignalError(Reason.MALFORMED, "A message of a group can't be read.") from error
    chains = () if key is None else key.chains
    chain = next((one for one in chains if one.id == message.id), None)
    if chain is None:
        raise SignalError(Reason.NO_SESSION, "There is no sender key for a message of a group.")
    if not xeddsa.verify(chain.signing, signed, signature):
        raise SignalError(Reason.BAD_SIGNATURE, "The signature of a message of a group is wrong.")
    seed, moved = _seed_of(chain, message.iteration)
    iv, secret = _message_keys(seed)
    plaintext = blocks.decrypt(secret, iv, message.ciphertext)
    return plaintext, SenderKey(tuple(moved if one is chain else one for one in chains))


def _seed_of(chain: Chain, iteration: int) -> tuple[bytes, Chain]:
    if iteration < chain.iteration:
        seed = chain.skipped.get(iteration)
        if seed is None:
            raise SignalError(Reason.DUPLICATE, "A message of a group was opened before.")
        left = {number: kept for number, kept in chain.skipped.items() if number != iteration}
        return seed, msgspec.structs.replace(chain, skipped=left)
    if iteration - chain.iteration > MAX_SKIPPED:
        raise SignalError(Reason.TOO_FAR, "A message of a group is too far ahead of those received.")
    key, skipped = chain.key, dict(chain.skipped)
    for number in range(chain.iteration, iteration):
        skipped[number], key = chain_step(key)
    seed, key = chain_step(key)
    return seed, msgspec.structs.replace(chain, iteration=iteration + 1, key=key, skipped=_newest(skipped))


def _newest(skipped: Mapping[int, bytes]) -> dict[int, bytes]:
    return {number: skipped[number] for number in sorted(skipped)[-MAX_SKIPPED:]}


def _message_keys(seed: bytes) -> tuple[bytes, bytes]:
    """IV (16 bytes) and AES key (32 bytes) of one message."""
    okm = HKDF(hashes.SHA256(), 48, None, _LABEL).derive(seed)
    return okm[:16], okm[16:]


def _public(data: bytes) -> bytes:
    try:
        return untyped(data)
    except WireError as error:
        raise SignalError(Reason.MALFORMED, "The signing key of a sender key is wrong.") from error


def _check_version(body: bytes) -> None:
    if not body or body[0] >> 4 != _VERSION[0] >> 4:
        raise SignalError(Reason.MALFORMED, "A message of a group is not of version 3.")
