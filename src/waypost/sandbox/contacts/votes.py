"""Votes, sealed for those who know the poll's secret.

The key is HKDF-SHA256 of that secret over poll id, poll author, voter and "Poll Vote"; the seal is
AES-256-GCM with poll id, a zero byte and the voter as associated data.
"""

import hashlib
from collections.abc import Iterable
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.proto.message_pb2 import PollEncValue, PollVoteMessage

_KEY_BYTES: Final = 32
_IV_BYTES: Final = 12


def sealed(
    options: Iterable[str], poll_id: str, secret: bytes, author: str, voter: str, randomness: Randomness
) -> PollEncValue:
    """A vote for the options of these names; `author` and `voter` are JIDs without device."""
    info = f"{poll_id}{author}{voter}Poll Vote".encode()
    key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(secret)
    chosen = [hashlib.sha256(option.encode()).digest() for option in options]
    plain = PollVoteMessage(selected_options=chosen).SerializeToString()
    iv = randomness(_IV_BYTES)
    payload = AESGCM(key).encrypt(iv, plain, f"{poll_id}\0{voter}".encode())
    return PollEncValue(enc_payload=payload, enc_iv=iv)
