import hmac
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Final

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.ciphers import Cipher
from cryptography.hazmat.primitives.ciphers.algorithms import AES256
from cryptography.hazmat.primitives.ciphers.modes import CBC
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from cryptography.hazmat.primitives.padding import PKCS7

from .errors import WireError

MEDIA_KEY_SIZE: Final = 32  # bytes
_MAC_SIZE: Final = 10  # bytes kept of the HMAC
_BLOCK: Final = 16  # bytes


class MediaKind(StrEnum):
    """What a file is encrypted as; the value is the context string of its key derivation.

    Stickers count as images.
    """

    AUDIO = "WhatsApp Audio Keys"
    IMAGE = "WhatsApp Image Keys"
    VIDEO = "WhatsApp Video Keys"
    DOCUMENT = "WhatsApp Document Keys"
    APP_STATE = "WhatsApp App State Keys"
    HISTORY = "WhatsApp History Keys"
    LINK_THUMBNAIL = "WhatsApp Link Thumbnail Keys"


@dataclass(frozen=True, slots=True)
class EncryptedFile:
    """A file as it is uploaded, and the hashes (32 bytes each) that its message carries."""

    blob: bytes
    file_sha256: bytes
    file_enc_sha256: bytes
    media_key: bytes = field(repr=False)


@dataclass(frozen=True, slots=True, repr=False)
class _Keys:
    iv: bytes
    cipher: bytes
    mac: bytes


def _keys(media_key: bytes, kind: MediaKind) -> _Keys:
    if len(media_key) != MEDIA_KEY_SIZE:
        raise WireError("A media key has not 32 bytes.")
    okm = HKDF(hashes.SHA256(), 112, None, kind.value.encode()).derive(media_key)
    return _Keys(okm[:16], okm[16:48], okm[48:80])  # the last 32 bytes ("ref key") serve no one here


def encrypt(data: bytes, kind: MediaKind, media_key: bytes) -> EncryptedFile:
    """Encrypt a file with a fresh key of 32 bytes: AES-256-CBC, then a shortened HMAC."""
    keys = _keys(media_key, kind)
    padder = PKCS7(_BLOCK * 8).padder()
    encryptor = Cipher(AES256(keys.cipher), CBC(keys.iv)).encryptor()
    ciphertext = encryptor.update(padder.update(data) + padder.finalize()) + encryptor.finalize()
    blob = ciphertext + hmac.digest(keys.mac, keys.iv + ciphertext, "sha256")[:_MAC_SIZE]
    return EncryptedFile(blob, sha256(data).digest(), sha256(blob).digest(), media_key)


def decrypt(
    blob: bytes,
    kind: MediaKind,
    media_key: bytes,
    *,
    file_sha256: bytes | None = None,
    file_enc_sha256: bytes | None = None,
) -> bytes:
    """The file in an uploaded blob.

    A wrong hash (of those given), MAC or padding raises WireError saying which.
    """
    if file_enc_sha256 is not None and sha256(blob).digest() != file_enc_sha256:
        raise WireError("The hash of an encrypted file is wrong.")
    keys = _keys(media_key, kind)
    ciphertext, mac = blob[:-_MAC_SIZE], blob[-_MAC_SIZE:]
    if not hmac.compare_digest(mac, hmac.digest(keys.mac, keys.iv + ciphertext, "sha256")[:_MAC_SIZE]):
        raise WireError("The MAC of an encrypted file is wrong.")
    decryptor = Cipher(AES256(keys.cipher), CBC(keys.iv)).decryptor()
    unpadder = PKCS7(_BLOCK * 8).unpadder()
    try:
        padded = decryptor.update(ciphertext) + decryptor.finalize()
        data = unpadder.update(padded) + unpadder.finalize()
    except ValueError as error:
        raise WireError("The padding of an encrypted file is wrong.") from error
    if file_sha256 is not None and sha256(data).digest() != file_sha256:
        raise WireError("The hash of a decrypted file is wrong.")
    return data
