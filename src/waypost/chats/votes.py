"""Votes on polls, opened with the secret that came with the poll.

The key is HKDF-SHA256 of the poll's message secret over poll id, poll author, voter and "Poll Vote"; the vote
is AES-256-GCM with poll id, a zero byte and the voter as associated data. It holds each option's SHA-256
(msgsecret.go of whatsmeow).
"""

import hashlib
from collections.abc import Iterable, Sequence
from itertools import product
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waypost.chats.reading import Vote

_KEY_BYTES: Final = 32
_IV_BYTES: Final = 12
_OPTION: Final = 0x0A  # field 1 of PollVoteMessage, length-delimited
_HASH_BYTES: Final = 32


def opened(
    vote: Vote, poll_id: str, secret: bytes, authors: Iterable[str], voters: Iterable[str]
) -> list[bytes] | None:
    """The hashes of the chosen options; None for a vote that these can't open.

    Phones name author and voter by number or by LID: JIDs to try, likely ones first.
    """
    if len(vote.iv) != _IV_BYTES:
        return None
    for author, voter in product(tuple(authors), tuple(voters)):
        name = f"{poll_id}{author}{voter}Poll Vote".encode()
        key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=name).derive(secret)
        try:
            plain = AESGCM(key).decrypt(vote.iv, vote.payload, f"{poll_id}\0{voter}".encode())
        except InvalidTag:
            continue
        return _hashes(plain)
    return None


def chosen(hashes: Sequence[bytes], options: Iterable[str]) -> list[str] | None:
    """The names of the chosen options, in the poll's order; None when one is not the poll's."""
    named = {hashlib.sha256(option.encode()).digest(): option for option in options}
    return [name for digest, name in named.items() if digest in hashes] if set(hashes) <= set(named) else None


def _hashes(plain: bytes) -> list[bytes] | None:
    step = 2 + _HASH_BYTES
    parts = [plain[at : at + step] for at in range(0, len(plain), step)]
    head = bytes([_OPTION, _HASH_BYTES])
    if any(len(part) != step or not part.startswith(head) for part in parts):
        return None
    return [part[2:] for part in parts]
