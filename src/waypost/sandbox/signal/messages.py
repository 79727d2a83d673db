import hmac
from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from waypost.sandbox.wire.curve import KEY_SIZE, typed, untyped
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.proto.whisper_pb2 import PreKeySignalMessage, SignalMessage

from .errors import Reason, SignalError

_VERSION: Final = b"\x33"  # this message's version in the high half, the newest known in the low half
_MAC_SIZE: Final = 8  # bytes kept of the HMAC


@dataclass(frozen=True, slots=True)
class Whisper:
    """A message of an agreement ("msg"). `signed` is what its MAC covers; keys have 32 bytes."""

    ratchet: bytes
    counter: int
    previous_counter: int
    ciphertext: bytes
    signed: bytes
    mac: bytes

    def check(self, mac_key: bytes, sender: bytes, receiver: bytes) -> None:
        """Raise SignalError unless the MAC is right for these two identity keys."""
        if not hmac.compare_digest(self.mac, _mac(mac_key, sender, receiver, self.signed)):
            raise SignalError(Reason.BAD_MAC, "The MAC of a message is wrong.")


@dataclass(frozen=True, slots=True)
class PreKeyWhisper:
    """A message that starts an agreement ("pkmsg"): a Whisper and what the receiver needs to agree."""

    registration_id: int
    prekey_id: int | None
    signed_prekey_id: int
    base_key: bytes
    identity: bytes
    inner: Whisper


def write(
    mac_key: bytes,
    sender: bytes,
    receiver: bytes,
    ratchet: bytes,
    counter: int,
    previous: int,
    ciphertext: bytes,
) -> bytes:
    """The body of a "msg"; `sender` and `receiver` are identity keys, all keys have 32 bytes."""
    signed = (
        _VERSION
        + SignalMessage(
            ratchet_key=typed(ratchet), counter=counter, previous_counter=previous, ciphertext=ciphertext
        ).SerializeToString()
    )
    return signed + _mac(mac_key, sender, receiver, signed)


def write_prekey(
    inner: bytes,
    registration_id: int,
    prekey_id: int | None,
    signed_prekey_id: int,
    base_key: bytes,
    identity: bytes,
) -> bytes:
    """The body of a "pkmsg" around the body of a "msg"."""
    message = PreKeySignalMessage(
        prekey_id=prekey_id,
        base_key=typed(base_key),
        identity_key=typed(identity),
        message=inner,
        registration_id=registration_id,
        signed_prekey_id=signed_prekey_id,
    )
    return _VERSION + message.SerializeToString()


def read(body: bytes) -> Whisper:
    """Take a "msg" apart; SignalError when it is none."""
    if len(body) <= 1 + _MAC_SIZE:
        raise SignalError(Reason.MALFORMED, "A message is too short.")
    signed, mac = body[:-_MAC_SIZE], body[-_MAC_SIZE:]
    _check_version(signed)
    try:
        message = SignalMessage.FromString(signed[1:])
    except DecodeError as error:
        raise SignalError(Reason.MALFORMED, "A message can't be read.") from error
    if not message.HasField("counter"):
        raise SignalError(Reason.MALFORMED, "A message has no counter.")
    return Whisper(
        _key(message.ratchet_key), message.counter, message.previous_counter, message.ciphertext, signed, mac
    )


def read_prekey(body: bytes) -> PreKeyWhisper:
    """Take a "pkmsg" apart; SignalError when it is none."""
    _check_version(body)
    try:
        message = PreKeySignalMessage.FromString(body[1:])
    except DecodeError as error:
        raise SignalError(Reason.MALFORMED, "A pre-key message can't be read.") from error
    return PreKeyWhisper(
        registration_id=message.registration_id,
        prekey_id=message.prekey_id if message.HasField("prekey_id") else None,
        signed_prekey_id=message.signed_prekey_id,
        base_key=_key(message.base_key),
        identity=_key(message.identity_key),
        inner=read(message.message),
    )


def _check_version(body: bytes) -> None:
    if not body or body[0] >> 4 != _VERSION[0] >> 4:
        raise SignalError(Reason.MALFORMED, "A message is not of version 3.")


def _key(data: bytes) -> bytes:
    try:
        return untyped(data)
    except WireError as error:
        raise SignalError(Reason.MALFORMED, f"A key in a message is not {KEY_SIZE + 1} bytes.") from error


def _mac(key: bytes, sender: bytes, receiver: bytes, signed: bytes) -> bytes:
    return hmac.digest(key, typed(sender) + typed(receiver) + signed, "sha256")[:_MAC_SIZE]
