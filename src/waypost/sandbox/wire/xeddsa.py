"""XEdDSA: Ed25519 signatures made with X25519 keys (Signal's "XEdDSA and VXEdDSA", revision 1, section 2).

The sign of the Edwards point travels in the top bit of the signature, as libsignal does it, instead of
negating the key; clients accept both.
"""

from hashlib import sha512
from typing import Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from nacl.bindings import (
    crypto_core_ed25519_is_valid_point,
    crypto_core_ed25519_scalar_add,
    crypto_core_ed25519_scalar_mul,
    crypto_core_ed25519_scalar_reduce,
    crypto_scalarmult_ed25519_base_noclamp,
)

from .curve import Randomness

SIGNATURE_SIZE: Final = 64  # bytes
_PRIME: Final = 2**255 - 19
_NONCE_PREFIX: Final = b"\xfe" + b"\xff" * 31  # keeps the nonce's hash apart from every hash of a point


def sign(private: bytes, message: bytes, randomness: Randomness) -> bytes:
    """The signature (64 bytes) of a message by a clamped X25519 private key of 32 bytes."""
    point = crypto_scalarmult_ed25519_base_noclamp(private)
    nonce = _scalar(_NONCE_PREFIX + private + message + randomness(64))
    commitment = crypto_scalarmult_ed25519_base_noclamp(nonce)
    challenge = _scalar(commitment + point + message)
    answer = crypto_core_ed25519_scalar_add(nonce, crypto_core_ed25519_scalar_mul(challenge, private))
    return commitment + answer[:31] + bytes((answer[31] | point[31] & 0x80,))


def verify(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the signature is that of the message by an X25519 public key of 32 bytes. Never raises."""
    if len(public) != 32 or len(signature) != SIGNATURE_SIZE:
        return False
    u = int.from_bytes(public, "little") & (1 << 255) - 1
    if (u + 1) % _PRIME == 0:
        return False
    y = (u - 1) * pow(u + 1, -1, _PRIME) % _PRIME
    point = (y | (signature[63] & 0x80) << 248).to_bytes(32, "little")
    # OpenSSL takes keys of small order, for which anybody can write a signature.
    if not crypto_core_ed25519_is_valid_point(point):
        return False
    plain = signature[:63] + bytes((signature[63] & 0x7F,))
    try:
        Ed25519PublicKey.from_public_bytes(point).verify(plain, message)
    except (InvalidSignature, ValueError):
        return False
    return True


def _scalar(data: bytes) -> bytes:
    return crypto_core_ed25519_scalar_reduce(sha512(data).digest())
