"""What a fuzz target is: bytes in, and a promise that must hold whatever they are."""

import importlib
import random
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

HERE: Final = Path(__file__).parent
AUDIO: Final = HERE.parent / "tests" / "audio"
CORPUS: Final = HERE / "corpus"
"""A folder for each target with the inputs that once broke its promise."""


@dataclass(frozen=True, slots=True)
class Target:
    """`check` raises when the promise is broken; `seeds` are inputs that a search starts from."""

    promise: str
    check: Callable[[bytes], None]
    seeds: Callable[[], Sequence[bytes]]
    longest: int = 4096
    """Bytes of an input that is made."""
    rate: int = 400
    """Inputs per second that a short replay can count on."""


def names() -> list[str]:
    """Every target, by the name of its file."""
    return sorted(path.stem for path in (HERE / "targets").glob("[a-z]*.py"))


def load(name: str) -> Target:
    """The target of that name."""
    found: Target = importlib.import_module(f"fuzz.targets.{name}").TARGET
    return found


def kept(name: str) -> dict[str, bytes]:
    """The inputs of the regression corpus, by file name."""
    return {path.name: path.read_bytes() for path in sorted((CORPUS / name).glob("*"))}


class Choices:
    """Decisions read off an input, so that its bytes steer a check: numbers, texts, and what is left."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, size: int) -> bytes:
        """The next `size` bytes, or what is left of them."""
        taken = self._data[self._at : self._at + size]
        self._at += len(taken)
        return taken

    def number(self, most: int) -> int:
        """A number from 0 to `most`; 0 at the end of the input."""
        size = (most.bit_length() + 7) // 8
        return int.from_bytes(self.take(size), "little") % (most + 1)

    def rest(self) -> bytes:
        """Everything that was not taken."""
        return self.take(len(self._data))

    def pieces(self, data: bytes) -> Iterator[bytes]:
        """`data` in pieces whose sizes the input decides."""
        at = 0
        while at < len(data):
            size = 1 + self.number(255) * 4
            yield data[at : at + size]
            at += size


def mutated(seeds: Sequence[bytes], chance: random.Random, longest: int) -> bytes:
    """A seed with a few things changed: the search where there is no coverage to go by."""
    data = bytearray(chance.choice(seeds) if seeds else b"")
    for _ in range(chance.randint(1, 6)):
        at = chance.randint(0, len(data))
        size = min(chance.choice((1, 1, 2, 4, 16, 200)), longest)
        match chance.randrange(6):
            case 0:
                data[at : at + size] = chance.randbytes(size)
            case 1:
                data[at:at] = chance.randbytes(size)
            case 2:
                del data[at : at + size]
            case 3:
                data[at : at + size] = chance.choice((b"\x00", b"\xff", b"\x80", b"\x7f")) * size
            case 4:
                other = chance.choice(seeds) if seeds else b""
                start = chance.randint(0, len(other))
                data[at : at + size] = other[start : start + size]
            case _:
                del data[at:]
    return bytes(data[:longest])
