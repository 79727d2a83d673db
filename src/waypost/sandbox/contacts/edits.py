"""Edits, sealed for those who have the secret of what is edited.

The key is HKDF-SHA256 of that secret over the message's id, its author twice (as author and as who edits) and
"Message Edit"; the seal is AES-256-GCM without associated data.
"""

from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.proto.message_pb2 import Message, ProtocolMessage

_KEY_BYTES: Final = 32
_IV_BYTES: Final = 12


def sealed(
    edit: ProtocolMessage, message_id: str, secret: bytes, author: str, randomness: Randomness
) -> tuple[bytes, bytes]:
    """The iv and the sealed edit; `author` is a JID without device."""
    info = f"{message_id}{author}{author}Message Edit".encode()
    key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(secret)
    iv = randomness(_IV_BYTES)
    return iv, AESGCM(key).encrypt(iv, Message(protocol=edit).SerializeToString(), None)
