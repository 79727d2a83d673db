"""A voice note as it would be sent, for whoever wants to hear it before.

The note goes back with the answer and nothing of it stays here: the browser plays what it got, and sends
those very bytes, which pass through unchanged because they are native. So no node has to keep anything for
another call, and what was heard is what is sent.
"""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO, Final, Protocol

import msgspec

from waypost.errors import EMPTY_FILE, PREVIEWS_FULL, TOO_COSTLY, TOO_LARGE, ApiError, VoiceError
from waypost.voice.note import Note

# Notes to be sent need the same workers and go first: of a machine's few, previews take two at most.
AT_ONCE: Final = 2
WAITING: Final = 6
# Somebody looks at a page meanwhile. A fetched URL may take all of its minute.
SECONDS: Final = 120.0
_BATCH: Final = 256 * 1024


class Converter(Protocol):
    """Makes notes in processes of its own."""

    async def convert_and_measure(self, source: Path, target: Path) -> tuple[Note, float]:
        """A native note of any audio, and its loudness in LUFS. Raises VoiceError."""
        ...


class Fetcher(Protocol):
    """The guarded way out to a URL that somebody named."""

    async def fetch(self, url: str, path: Path) -> object:
        """Write the file behind `url` to `path`. Raises FetchError."""
        ...


class Preview(msgspec.Struct, frozen=True, kw_only=True):
    """A note with its facts: `lufs` is its loudness (-70: silence), `source_bytes` what was given."""

    note: Note
    lufs: float
    source_bytes: int
    content: bytes


class Previews:
    """Makes previews, a few at a time."""

    def __init__(self, converter: Converter, fetcher: Fetcher, workshop: Path, max_bytes: int) -> None:
        """`workshop` is a folder for files in the making, `max_bytes` the largest upload."""
        self._converter = converter
        self._fetcher = fetcher
        self._workshop = workshop
        self._max_bytes = max_bytes
        self._slots = asyncio.Semaphore(AT_ONCE)
        self._there = 0

    async def of_upload(self, chunks: AsyncIterator[bytes]) -> Preview:
        """Of a file as it comes in. Raises ApiError, VoiceError."""

        async def bring(path: Path) -> None:
            await _save(chunks, path, self._max_bytes)

        return await self._made(bring)

    async def of_url(self, url: str) -> Preview:
        """Of what is behind a URL. Raises ApiError, FetchError, VoiceError."""

        async def bring(path: Path) -> None:
            await self._fetcher.fetch(url, path)

        return await self._made(bring)

    async def _made(self, bring: "Bring") -> Preview:
        if self._there >= AT_ONCE + WAITING:
            raise ApiError(PREVIEWS_FULL)
        self._there += 1
        try:
            # Time runs while one waits, too: who is told nothing for two minutes has left.
            async with asyncio.timeout(SECONDS):
                return await self._in_folder(bring)
        except TimeoutError:
            raise VoiceError(TOO_COSTLY, "It needs too much time.") from None
        finally:
            self._there -= 1

    async def _in_folder(self, bring: "Bring") -> Preview:
        # At once, not in a thread: whoever is cancelled in between would leave it behind.
        folder = self._folder()
        try:
            source, target = folder / "source", folder / "note.ogg"
            await bring(source)
            # A file that comes slowly keeps no other waiting.
            async with self._slots:
                note, lufs = await self._converter.convert_and_measure(source, target)
            content = await asyncio.to_thread(target.read_bytes)
            size = (await asyncio.to_thread(source.stat)).st_size
            return Preview(note=note, lufs=lufs, source_bytes=size, content=content)
        finally:
            _remove(folder)

    def _folder(self) -> Path:
        return Path(tempfile.mkdtemp(prefix="preview-", dir=self._workshop))


class Bring(Protocol):
    """Writes the audio to a path."""

    async def __call__(self, path: Path, /) -> None: ...


async def _save(chunks: AsyncIterator[bytes], path: Path, most: int) -> None:
    size, batch = 0, bytearray()
    file = _opened(path)
    try:
        async for chunk in chunks:
            size += len(chunk)
            if size > most:
                raise ApiError(TOO_LARGE, f"The limit is {most} bytes.")
            batch += chunk
            if len(batch) >= _BATCH:
                await asyncio.to_thread(file.write, bytes(batch))
                batch.clear()
        if not size:
            raise VoiceError(EMPTY_FILE)
        await asyncio.to_thread(file.write, bytes(batch))
    finally:
        file.close()


def _opened(path: Path) -> BinaryIO:
    # Buffered, for its lock: closing waits for a write that a cancelled caller left running.
    return path.open("wb")


def _remove(folder: Path) -> None:
    for left in folder.iterdir():
        left.unlink(missing_ok=True)
    folder.rmdir()
