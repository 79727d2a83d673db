"""X25519 by libsodium: half the time of OpenSSL's object per key, and the same library that signs."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from nacl.bindings import crypto_scalarmult, crypto_scalarmult_base
from nacl.exceptions import CryptoError

from .errors import WireError

KEY_SIZE: Final = 32  # bytes
KEY_TYPE: Final = b"\x05"  # written before a public key wherever Signal serialises one

Randomness = Callable[[int], bytes]  # that many unpredictable bytes, as os.urandom gives


@dataclass(frozen=True, slots=True)
class KeyPair:
    """A Curve25519 key pair, 32 bytes each; the private half is clamped and stays out of reprs."""

    private: bytes = field(repr=False)
    public: bytes

    @classmethod
    def generate(cls, randomness: Randomness) -> "KeyPair":
        """A new pair."""
        return cls.of(randomness(KEY_SIZE))

    @classmethod
    def of(cls, private: bytes) -> "KeyPair":
        """The pair of a private key of 32 bytes, clamped as RFC 7748 section 5 says."""
        clamped = bytes((private[0] & 248, *private[1:31], private[31] & 127 | 64))
        return cls(clamped, crypto_scalarmult_base(clamped))

    def agree(self, public: bytes) -> bytes:
        """The shared secret (32 bytes) with another's public key; one that can't be used raises WireError."""
        if len(public) != KEY_SIZE:
            raise WireError("A public key has not 32 bytes.")
        try:
            return crypto_scalarmult(self.private, public)
        except (CryptoError, RuntimeError) as error:
            raise WireError("A public key is degenerate.") from error


def typed(public: bytes) -> bytes:
    """A public key in Signal's form: 05, then 32 bytes."""
    return KEY_TYPE + public


def untyped(data: bytes) -> bytes:
    """The 32 bytes of a key in Signal's form; anything else raises WireError."""
    if len(data) != KEY_SIZE + 1 or data[:1] != KEY_TYPE:
        raise WireError("A key is not 05 and 32 bytes.")
    return data[1:]
