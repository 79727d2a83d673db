"""The derivations of X3DH and of the double ratchet as WhatsApp fixes them.

Signal's "The X3DH Key Agreement Protocol" (revision 1) and "The Double Ratchet Algorithm" (revision 1) leave
the labels and sizes open; those here are protocol facts.
"""

import hmac
from dataclasses import dataclass
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waypost.sandbox.wire.curve import KeyPair
from waypost.sandbox.wire.errors import WireError

from .errors import Reason, SignalError

_DISCONTINUITY: Final = b"\xff" * 32  # makes the first secret unlike any serialised point
_START_LABEL: Final = b"WhisperText"
_ROOT_LABEL: Final = b"WhisperRatchet"
_MESSAGE_LABEL: Final = b"WhisperMessageKeys"


@dataclass(frozen=True, slots=True, repr=False)
class MessageKeys:
    """What encrypts one message: an AES-256 key, a MAC key (32 bytes each) and an IV (16 bytes)."""

    cipher: bytes
    mac: bytes
    iv: bytes


def agree(pair: KeyPair, public: bytes) -> bytes:
    """The Diffie-Hellman secret of 32 bytes; a key that can't be used raises SignalError."""
    try:
        return pair.agree(public)
    except WireError as error:
        raise SignalError(Reason.MALFORMED, "A public key can't be used.") from error


def start_keys(*secrets: bytes) -> tuple[bytes, bytes]:
    """Root key and first chain key from the three or four secrets of X3DH in the protocol's order."""
    okm = _hkdf(_DISCONTINUITY + b"".join(secrets), None, _START_LABEL, 64)
    return okm[:32], okm[32:]


def root_step(root: bytes, pair: KeyPair, theirs: bytes) -> tuple[bytes, bytes]:
    """The next root key and a new chain key."""
    okm = _hkdf(agree(pair, theirs), root, _ROOT_LABEL, 64)
    return okm[:32], okm[32:]


def chain_step(chain: bytes) -> tuple[bytes, bytes]:
    """The seed of this message's keys, and the next chain key."""
    return hmac.digest(chain, b"\x01", "sha256"), hmac.digest(chain, b"\x02", "sha256")


def message_keys(seed: bytes) -> MessageKeys:
    """The keys of one message."""
    okm = _hkdf(seed, None, _MESSAGE_LABEL, 80)
    return MessageKeys(okm[:32], okm[32:64], okm[64:])


def _hkdf(secret: bytes, salt: bytes | None, label: bytes, size: int) -> bytes:
    return HKDF(hashes.SHA256(), size, salt, label).derive(secret)
