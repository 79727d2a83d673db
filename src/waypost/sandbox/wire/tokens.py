from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import msgspec


class _Dictionary(msgspec.Struct, frozen=True):
    """The data file: `single[i]` is byte i; `double[d][i]` is byte i after dictionary byte d."""

    origin: str
    single: list[str]
    double: list[list[str]]


@dataclass(frozen=True, slots=True)
class Tokens:
    """WhatsApp's words of one and two bytes (dictionary version 3); `written[word]` is the bytes to send."""

    single: tuple[str, ...]
    double: tuple[tuple[str, ...], ...]
    written: Mapping[str, bytes]


@cache
def tokens() -> Tokens:
    """The dictionary, read from the package once."""
    raw = files(__package__).joinpath("tokens.json").read_bytes()
    table = msgspec.json.decode(raw, type=_Dictionary)
    written = {
        word: bytes((0xEC + number, index))
        for number, words in enumerate(table.double)
        for index, word in enumerate(words)
    }
    # Entry 0 is the empty list's byte, not a word. A word in both tables goes by its shorter form.
    written |= {word: bytes((index,)) for index, word in enumerate(table.single) if index}
    return Tokens(tuple(table.single), tuple(map(tuple, table.double)), written)
