"""Events between an engine process and the gateway, in files.

The library has acknowledged a message to the server before anybody saw it, so the engine process appends it
here first. An append is one write into the page cache: it survives kill -9 of either process. It is not
synced: a power cut or a kernel crash can lose the last seconds of events (receipts and incoming messages,
never what is sent).

A spool is a folder of segments `<number>.seg` that only their engine process appends to; every start of one
opens a new segment. A record is length (4 bytes), CRC-32 (4 bytes), payload. The reader remembers in `acked`
what was delivered and deletes segments that have a successor and are read to their end.
"""

import os
import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_RECORD: Final = struct.Struct(">II")
_POSITION: Final = struct.Struct(">QQ")
SEGMENT_BYTES: Final = 1 << 20
MAX_RECORD: Final = 8 << 20


def segments(folder: Path) -> list[int]:
    """The numbers of the segments that exist, in order."""
    if not folder.is_dir():
        return []
    return sorted(int(path.stem) for path in folder.glob("*.seg") if path.stem.isdigit())


def _path(folder: Path, number: int) -> Path:
    return folder / f"{number:010d}.seg"


class SpoolWriter:
    """Appends records; used by the one engine process that holds the lock of the store. Not thread-safe."""

    def __init__(self, folder: Path, segment_bytes: int = SEGMENT_BYTES) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._segment_bytes = segment_bytes
        self._number = (segments(folder) or [0])[-1]
        self._fd = -1
        self._size = 0
        self._next_segment()

    def append(self, payload: bytes) -> None:
        """Write one record. Raises OSError (disk full), after which the spool holds no part of it."""
        if self._size >= self._segment_bytes:
            self._next_segment()
        record = _RECORD.pack(len(payload), zlib.crc32(payload)) + payload
        written = os.write(self._fd, record)
        if written != len(record):
            os.ftruncate(self._fd, self._size)
            raise OSError(f"only {written} of {len(record)} bytes were written")
        self._size += written

    def close(self) -> None:
        """Close the current segment."""
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1

    def _next_segment(self) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND | os.O_CLOEXEC
        fresh = os.open(_path(self._folder, self._number + 1), flags, 0o600)
        self.close()
        self._fd = fresh
        self._number += 1
        self._size = 0


@dataclass(frozen=True, slots=True)
class Batch:
    """Some records in order, and the position after them."""

    payloads: list[bytes]
    segment: int
    offset: int
    damaged: int


class SpoolReader:
    """Reads what was not acknowledged yet; used by the gateway. Blocking, for a thread."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._segment, self._offset = self._remembered()

    def read(self, most: int = 256) -> Batch:
        """Up to `most` records after the acknowledged position. `damaged` counts segments with a torn end."""
        payloads: list[bytes] = []
        segment, offset, damaged = self._segment, self._offset, 0
        numbers = [number for number in segments(self._folder) if number >= segment]
        for place, number in enumerate(numbers):
            if number != segment:
                segment, offset = number, 0
            data = self._bytes_from(number, offset)
            end = offset + len(data)
            for payload, size in _records(data):
                payloads.append(payload)
                offset += size
                if len(payloads) == most:
                    return Batch(payloads, segment, offset, damaged)
            if offset < end and place + 1 < len(numbers):
                damaged += 1
        return Batch(payloads, segment, offset, damaged)

    def ack(self, batch: Batch) -> None:
        """Forget everything up to the end of `batch`."""
        self._segment, self._offset = batch.segment, batch.offset
        position = _POSITION.pack(batch.segment, batch.offset)
        fd = os.open(self._folder / "acked", os.O_WRONLY | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            os.pwrite(fd, position + struct.pack(">I", zlib.crc32(position)), 0)
        finally:
            os.close(fd)
        for number in segments(self._folder):
            if number < batch.segment:
                _path(self._folder, number).unlink(missing_ok=True)

    def _bytes_from(self, number: int, offset: int) -> bytes:
        try:
            with _path(self._folder, number).open("rb") as file:
                file.seek(offset)
                return file.read(SEGMENT_BYTES + MAX_RECORD)
        except FileNotFoundError:
            return b""

    def _remembered(self) -> tuple[int, int]:
        try:
            data = (self._folder / "acked").read_bytes()
        except FileNotFoundError:
            return 0, 0
        position, check = data[: _POSITION.size], data[_POSITION.size :]
        if len(position) < _POSITION.size or check != struct.pack(">I", zlib.crc32(position)):
            return 0, 0  # events come again, which is allowed; a lost one would not be
        segment, offset = _POSITION.unpack(position)
        return segment, offset


def _records(data: bytes) -> Iterator[tuple[bytes, int]]:
    """Whole, undamaged records at the start of `data`, each with its size on disk."""
    at = 0
    while at + _RECORD.size <= len(data):
        size, check = _RECORD.unpack_from(data, at)
        end = at + _RECORD.size + size
        if size > MAX_RECORD or end > len(data) or zlib.crc32(data[at + _RECORD.size : end]) != check:
            return
        yield data[at + _RECORD.size : end], end - at
        at = end
