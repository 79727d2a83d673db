"""One-time codes: how they are drawn, and what of them is kept."""

import hashlib
import hmac
import random
from typing import Final

from waypost.errors import InvalidRequest

_DIGITS: Final = "0123456789"
_SMALL: Final = "abcdefghijklmnopqrstuvwxyz"
# Without I, L and O: what is read off a screen and typed is 1 and 0.
_CAPITAL: Final = "ABCDEFGHJKMNPQRSTUVWXYZ"
LINK_LENGTH: Final = 8  # of 23 letters: 78 billion codes, of which a handful live at any time


def draw(key: bytes, uuid: str, *, length: int, letters: bool, numbers: bool, capital: bool) -> str:
    """The code of that uuid, the same each time, so that it need not be kept to be sent after a crash.

    `capital`: its letters are capitals alone. Raises InvalidRequest when nothing is left to draw from.
    """
    alphabet = (_DIGITS if numbers else "") + ((_CAPITAL if capital else _SMALL) if letters else "")
    if not alphabet:
        raise InvalidRequest({"useNumber": ["A code needs letters or numbers: set useLetter or useNumber."]})
    # 256 bits for each character: that some are likelier than others by 2^-250 nobody can make use of.
    drawn = (int.from_bytes(digest(key, "draw", uuid, str(place))) for place in range(length))
    return "".join(alphabet[number % len(alphabet)] for number in drawn)


def draw_for_link(rng: random.Random) -> str:
    """The code that a link carries."""
    return "".join(rng.choice(_CAPITAL) for _ in range(LINK_LENGTH))


def digest(key: bytes, *parts: str) -> bytes:
    """What is kept of a code: a keyed hash over it and over what it is for (instance, chat)."""
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).digest()
