"""Patches of app state: what one device of an account tells the others, under a key that its phone gave them.

Each collection has a hash over the MACs of all that is in it; a patch states what that hash is afterwards, so
that a device which missed one finds out.
"""

import hmac
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7
from google.protobuf.message import DecodeError

from .curve import Randomness
from .errors import WireError
from .proto.sync_pb2 import SyncActionData, SyncActionValue, SyncdMutation, SyncdPatch, SyncdVersion

COLLECTIONS: Final = ("critical_block", "critical_unblock_low", "regular_high", "regular", "regular_low")
_BLOCK: Final = 16  # bytes
_MAC: Final = 32  # bytes
_HASH: Final = 128  # bytes, as 64 little-endian numbers of 16 bits that are added each on its own


@dataclass(frozen=True, slots=True, repr=False)
class SyncKey:
    """An account's key: `id` is 6 bytes, the others 32 each, derived from the one that the phone shares."""

    id: bytes
    index: bytes
    cipher: bytes
    value_mac: bytes
    snapshot_mac: bytes
    patch_mac: bytes

    @classmethod
    def of(cls, id: bytes, key: bytes) -> "SyncKey":
        """The key of 32 shared bytes."""
        okm = HKDF(hashes.SHA256(), 160, None, b"WhatsApp Mutation Keys").derive(key)
        return cls(id, *(okm[start : start + 32] for start in range(0, 160, 32)))


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that a collection says: `index` names it, such as ("star", chat, id, …). `value` is None
    where a patch takes it away."""

    index: tuple[str, ...]
    value: SyncActionValue | None
    index_mac: bytes = field(repr=False)
    value_mac: bytes = field(repr=False)


def open_patch(patch: SyncdPatch, key: SyncKey) -> list[Entry]:
    """What a patch says; WireError when it is of another key or a MAC is wrong."""
    return [_open(mutation, key) for mutation in patch.mutations]


def seal_patch(
    collection: str,
    version: int,
    known: Mapping[bytes, bytes],
    news: Sequence[tuple[tuple[str, ...], int, SyncActionValue]],
    key: SyncKey,
    randomness: Randomness,
) -> SyncdPatch:
    """A patch that brings `collection` to `version`. `known` is what is in it: index MACs and value MACs;
    `news` are an index, the version of its kind, and the value."""
    mutations = [_seal(index, kind, value, key, randomness) for index, kind, value in news]
    after = dict(known) | {one.record.index.blob: one.record.value.blob[-_MAC:] for one in mutations}
    patch = SyncdPatch(mutations=mutations)
    patch.key_id.id = key.id
    name, counted = collection.encode(), version.to_bytes(8, "big")
    patch.snapshot_mac = _hmac(key.snapshot_mac, _hash(after.values()), counted, name)
    value_macs = (one.record.value.blob[-_MAC:] for one in mutations)
    patch.patch_mac = _hmac(key.patch_mac, patch.snapshot_mac, *value_macs, counted, name)
    return patch


def numbered(patch: bytes, version: int) -> bytes:
    """A patch as the server hands it on: what the client sent, with the version that it made."""
    return patch + SyncdPatch(version=SyncdVersion(version=version)).SerializeToString()


def read_patch(raw: bytes) -> SyncdPatch:
    """The protobuf of a patch; WireError when it is none."""
    try:
        return SyncdPatch.FromString(raw)
    except DecodeError as error:
        raise WireError("A patch of app state can't be read.") from error


def _open(mutation: SyncdMutation, key: SyncKey) -> Entry:
    record = mutation.record
    body, mac = record.value.blob[:-_MAC], record.value.blob[-_MAC:]
    expected = _value_mac(mutation.operation, key, body)
    if record.key_id.id != key.id or not hmac.compare_digest(mac, expected):
        raise WireError("A mutation of app state is of another key, or damaged.")
    data = _decrypt(body, key)
    if not hmac.compare_digest(record.index.blob, _hmac(key.index, data.index)):
        raise WireError("The index of a mutation of app state is another.")
    value = data.value if mutation.operation == SyncdMutation.SET else None
    return Entry(tuple(json.loads(data.index)), value, record.index.blob, mac)


def _decrypt(body: bytes, key: SyncKey) -> SyncActionData:
    decryptor = Cipher(AES256(key.cipher), CBC(body[:_BLOCK])).decryptor()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    try:
        padded = decryptor.update(body[_BLOCK:]) + decryptor.finalize()
        return SyncActionData.FromString(unpadder.update(padded) + unpadder.finalize())
    except (ValueError, DecodeError) as error:
        raise WireError("A mutation of app state can't be decrypted.") from error


def _seal(
    index: tuple[str, ...], kind: int, value: SyncActionValue, key: SyncKey, randomness: Randomness
) -> SyncdMutation:
    named = json.dumps(index, separators=(",", ":")).encode()
    data = SyncActionData(index=named, value=value, padding=b"", version=kind).SerializeToString()
    iv, padder = randomness(_BLOCK), PKCS7(_BLOCK * 8).padder()
    encryptor = Cipher(AES256(key.cipher), CBC(iv)).encryptor()
    body = iv + encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
    mutation = SyncdMutation(operation=SyncdMutation.SET)
    mutation.record.index.blob = _hmac(key.index, named)
    mutation.record.value.blob = body + _value_mac(SyncdMutation.SET, key, body)
    mutation.record.key_id.id = key.id
    return mutation


def _value_mac(operation: int, key: SyncKey, body: bytes) -> bytes:
    length = (len(key.id) + 1).to_bytes(8, "big")
    data = bytes((operation + 1,)) + key.id + body + length
    return hmac.digest(key.value_mac, data, "sha512")[:_MAC]


def _hash(value_macs: Iterable[bytes]) -> bytes:
    sums = [0] * (_HASH // 2)
    for mac in value_macs:
        okm = HKDF(hashes.SHA256(), _HASH, None, b"WhatsApp Patch Integrity").derive(mac)
        for place in range(_HASH // 2):
            sums[place] += int.from_bytes(okm[2 * place : 2 * place + 2], "little")
    return b"".join((total & 0xFFFF).to_bytes(2, "little") for total in sums)


def _hmac(key: bytes, *parts: bytes) -> bytes:
    return hmac.digest(key, b"".join(parts), "sha256")
