"""Small uploads of a moment ago, so that whoever prepares their requests need not ask the database for what
it was just given: that takes a thread and four statements, each of which hands the interpreter over twice.
"""

from typing import Final

FRESH_BYTES: Final = 4 * 1024 * 1024
"""Some hundred short notes; requests that wait longer are few, or the queue is long anyway."""


class FreshUploads:
    """A bounded memory that forgets the oldest first, and whatever was taken."""

    def __init__(self, most_bytes: int = FRESH_BYTES) -> None:
        self._most_bytes = most_bytes
        self._bytes = 0
        self._kept: dict[str, bytes] = {}

    def put(self, blob_id: str, data: bytes) -> None:
        """Remember `data`, unless it is too large by itself. An id is put once."""
        if len(data) > self._most_bytes:
            return
        self._kept[blob_id] = data
        self._bytes += len(data)
        while self._bytes > self._most_bytes:
            self.take(next(iter(self._kept)))

    def take(self, blob_id: str) -> bytes | None:
        """The bytes, which are forgotten by that; None when they are already."""
        data = self._kept.pop(blob_id, None)
        if data is not None:
            self._bytes -= len(data)
        return data
