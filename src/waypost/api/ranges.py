"""Parts of a file: players ask for them to wind, and Safari plays nothing that it can't have in parts.

As RFC 9110 has it in section 14. Who asks for several parts at once, as no player does, gets the whole, which
it allows.
"""

import re
from collections.abc import Mapping
from typing import Final

import msgspec

_RANGE: Final = re.compile(r"bytes=[ \t]*(?P<first>[0-9]{0,18})-(?P<last>[0-9]{0,18})[ \t]*", re.IGNORECASE)


class Part(msgspec.Struct, frozen=True):
    """What of a file of `size` bytes is answered: `length` bytes from `start` on. `status` is 200 for the
    whole, 206 for a part, 416 where there is nothing of what was asked for."""

    start: int
    length: int
    size: int
    status: int

    @property
    def headers(self) -> dict[str, str]:
        """What the answer says of it."""
        said = {"Accept-Ranges": "bytes", "Content-Length": str(self.length)}
        if self.status == 206:
            said["Content-Range"] = f"bytes {self.start}-{self.start + self.length - 1}/{self.size}"
        elif self.status == 416:
            said["Content-Range"] = f"bytes */{self.size}"
        return said


def part_of(headers: Mapping[str, str], size: int, tag: str) -> Part:
    """What a GET with these headers (by lower-case name) is answered of a file of `size` bytes.

    `tag` is the file's entity tag, with its quotes: a strong one. A part that belongs to what the file was
    before (`If-Range`) is answered with the whole.
    """
    whole = Part(0, size, size, 200)
    found = _RANGE.fullmatch(headers.get("range", ""))
    if found is None or headers.get("if-range", tag) != tag:
        return whole
    first, last = found["first"], found["last"]
    if not first:
        return whole if not last else _from(max(size - int(last), 0), size, size)
    if last and int(last) < int(first):
        return whole
    return _from(int(first), min(int(last) + 1, size) if last else size, size)


def _from(start: int, end: int, size: int) -> Part:
    if start >= size:
        return Part(0, 0, size, 416)
    return Part(start, end - start, size, 206)
