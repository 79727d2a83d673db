"""AES-256-CBC with PKCS#7 padding, which all of Signal's message ciphers end in."""

from typing import Final

from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.padding import PKCS7

from .errors import Reason, SignalError

_BLOCK_BITS: Final = 128


def encrypt(key: bytes, iv: bytes, plaintext: bytes) -> bytes:
    """The ciphertext under a key of 32 and an IV of 16 bytes."""
    padder = PKCS7(_BLOCK_BITS).padder()
    encryptor = Cipher(AES256(key), CBC(iv)).encryptor()
    return encryptor.update(padder.update(plaintext) + padder.finalize()) + encryptor.finalize()


def decrypt(key: bytes, iv: bytes, ciphertext: bytes) -> bytes:
    """The plaintext; SignalError when its padding is wrong."""
    decryptor = Cipher(AES256(key), CBC(iv)).decryptor()
    unpadder = PKCS7(_BLOCK_BITS).unpadder()
    try:
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        return unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise SignalError(Reason.MALFORMED, "The padding of a message is wrong.") from error
