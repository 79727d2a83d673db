"""Edits that are sealed with the secret of the message which they change, as newer phones send them.

The key is HKDF-SHA256 of that secret over the message's id, its author, whoever edits (the same person) and
"Message Edit"; the seal is AES-256-GCM without associated data. The engine's library gives them as they came,
so they are opened here, where the secrets are kept. Inside is a protobuf like any message's, of which the
words are read by hand: this process loads no protobufs of WhatsApp's.
"""

from collections.abc import Iterable, Iterator
from itertools import product
from typing import Final

import msgspec
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from waypost.chats.reading import Sealed
from waypost.engine.port import Content

_KEY_BYTES: Final = 32
_IV_BYTES: Final = 12
_DEEPEST: Final = 8
# Numbers of waE2E.proto.
_CONVERSATION: Final = 1
_PROTOCOL: Final = 12
_EDITED: Final = 14
_INNER: Final = 1
_WRAPPERS: Final = frozenset({37, 40, 53, 55, 58, 59})
# A part of a message, and where it has its words.
_PARTS: Final = {
    3: ("imageMessage", 3, "caption"),
    6: ("extendedTextMessage", 1, "text"),
    7: ("documentMessage", 20, "caption"),
    9: ("videoMessage", 7, "caption"),
}


class Words(msgspec.Struct, frozen=True):
    """What an edit says: by the names that clients know, and as the protobuf that it was."""

    names: Content
    content: bytes


def opened(sealed: Sealed, message_id: str, secret: bytes, authors: Iterable[str]) -> Words | None:
    """What the edit of a message says; None for one that its secret can't open, or that can't be read.

    Phones name an author by number or by LID: JIDs to try, likely ones first.
    """
    if len(sealed.iv) != _IV_BYTES:
        return None
    for author, editor in product(tuple(authors), repeat=2):
        info = f"{message_id}{author}{editor}Message Edit".encode()
        key = HKDF(SHA256(), _KEY_BYTES, salt=None, info=info).derive(secret)
        try:
            plain = AESGCM(key).decrypt(sealed.iv, sealed.payload, None)
        except InvalidTag:
            continue
        return words_of(plain)
    return None


def words_of(edit: bytes) -> Words | None:
    """What an edit in the clear says, from its protobuf; None where that has no words."""
    return _words(edit, _DEEPEST)


def _words(message: bytes, depth: int) -> Words | None:
    try:
        parts = list(_fields(message))
    except ValueError:
        return None
    for number, value in parts:
        if number == _CONVERSATION:
            return Words({"conversation": _text(value)}, message)
        if number in _PARTS:
            name, field, word = _PARTS[number]
            return Words({name: {word: _text(_field(value, field) or b"")}}, message)
        inner = value if depth else None
        if number == _PROTOCOL and inner is not None:
            inner = _field(inner, _EDITED)
        elif number in _WRAPPERS and inner is not None:
            inner = _field(inner, _INNER)
        else:
            continue
        return None if inner is None else _words(inner, depth - 1)
    return None


def _field(message: bytes, wanted: int) -> bytes | None:
    try:
        return next((value for number, value in _fields(message) if number == wanted), None)
    except ValueError:
        return None


def _fields(message: bytes) -> Iterator[tuple[int, bytes]]:
    """The length-delimited fields of a protobuf, with their numbers. Raises ValueError for what is none."""
    at = 0
    while at < len(message):
        tag, at = _varint(message, at)
        number, kind = tag >> 3, tag & 7
        if kind == 2:
            size, at = _varint(message, at)
            value, at = message[at : at + size], at + size
            if at > len(message):
                raise ValueError("too short")
            yield number, value
        elif kind == 0:
            _, at = _varint(message, at)
        elif kind in (1, 5):
            at += 8 if kind == 1 else 4
        else:
            raise ValueError("no such kind of field")


def _varint(message: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while at < len(message) and shift < 64:
        byte, at = message[at], at + 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
    raise ValueError("too short")


def _text(value: bytes) -> str:
    return value.decode(errors="replace")
