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


def draw(rng: random.Random, *, length: int, letters: bool, numbers: bool, capital: bool) -> str:
    """A code; `capital`: its letters are capitals alone. Raises InvalidRequest when nothing is left to draw
    from.
    """
    alphabet = (_DIGITS if numbers else "") + ((_CAPITAL if capital else _SMALL) if letters else "")
    if not alphabet:
        raise InvalidRequest({"useNumber": ["A code needs letters or numbers: set useLetter or useNumber."]})
    return "".join(rng.choice(alphabet) for _ in range(length))


def draw_for_link(rng: random.Random) -> str:
    """The code that a link carries."""
    return "".join(rng.choice(_CAPITAL) for _ in range(LINK_LENGTH))


def digest(key: bytes, *parts: str) -> bytes:
    """What is kept of a code: a keyed hash over it and over what it is for (instance, chat)."""
    return hmac.new(key, "\0".join(parts).encode(), hashlib.sha256).digest()
