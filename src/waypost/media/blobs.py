"""Files of requests on the local disk: on it, not on its way to it, when a call returns.

A library for this (obstore's local store) renames without fsync, so a file that was promised could be empty
after a power cut. Here: write under another name, fsync the file, rename, fsync the folder.
"""

import asyncio
import contextlib
import fcntl
import hashlib
import os
import re
import secrets
import time
import uuid
from collections.abc import AsyncIterable, AsyncIterator, Callable, Container
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final, TypeVar, TypeVarTuple

from waypost.errors import STORAGE_UNAVAILABLE, TOO_LARGE, ApiError, StorageError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

_BLOB_ID: Final = re.compile(r"[0-9a-f]{32}")
# Bytes gathered before a thread is asked to write them: fewer hops than chunks, little memory per upload.
_BATCH: Final = 256 * 1024
# Files written at the same time: enough to overlap fsyncs, few enough to leave the disk to the database.
_THREADS: Final = 4
_UNFINISHED: Final = ".part"


@dataclass(frozen=True, slots=True)
class StoredFile:
    """A file that survives a power cut: `size` in bytes, `sha256` in hex."""

    blob_id: str
    size: int
    sha256: str


def new_blob_id() -> str:
    """32 hexadecimal digits: the time in front keeps the rows of one moment on one page of the index."""
    return f"{time.time_ns() // 1000:014x}{secrets.token_hex(9)}"


class LocalBlobs:
    """The files of one folder, named by ids that are made here; no caller's text ever becomes a path."""

    def __init__(self, folder: Path) -> None:
        """Make the folder (readable by its owner alone) where it is missing."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._folder = folder
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="blobs")

    def close(self) -> None:
        """Wait for writes that still run; the files stay."""
        self._threads.shutdown()

    def path_of(self, blob_id: str) -> Path:
        """Where the file of `blob_id` is, or would be. Raises ValueError for text that is no id of ours."""
        if not _BLOB_ID.fullmatch(blob_id):
            raise ValueError("A blob id is 32 hexadecimal digits.")
        return self._folder / blob_id

    async def put(self, chunks: AsyncIterable[bytes], max_bytes: int) -> StoredFile:
        """Write a stream of at most `max_bytes`; returns when it is durable, leaves nothing behind otherwise.

        Raises ApiError(TOO_LARGE) as soon as the stream is longer, StorageError when the disk fails, and
        whatever the stream raises.
        """
        async with self.scratch() as path:
            size, batch = 0, bytearray()
            file = _NewFile(path)
            try:
                await self._in_thread(file.create)
                async for chunk in chunks:
                    size += len(chunk)
                    if size > max_bytes:
                        raise ApiError(TOO_LARGE, f"The limit is {max_bytes} bytes.")
                    batch += chunk
                    if len(batch) >= _BATCH:
                        await self._in_thread(file.append, bytes(batch))
                        batch.clear()
                await self._in_thread(file.append, bytes(batch))
                await self._in_thread(_flush, file.fd)
            finally:
                file.close()
            return StoredFile(await self._in_thread(self._publish, path), size, file.sha256.hexdigest())

    @contextlib.asynccontextmanager
    async def scratch(self) -> AsyncIterator[Path]:
        """A path for a file in the making, which `keep` can turn into a blob; what is left is removed."""
        path = self._folder / f"{uuid.uuid4().hex}{_UNFINISHED}"
        try:
            yield path
        finally:
            path.unlink(missing_ok=True)

    async def keep(self, path: Path) -> StoredFile:
        """Make a finished scratch file a blob, durable when this returns. Raises StorageError."""
        return await self._in_thread(self._keep, path)

    async def file(self, blob_id: str, scratch: Path) -> Path | None:  # noqa: ARG002 - it need not be brought
        """Where the file lies; None when it is gone."""
        path = self.path_of(blob_id)
        return path if await self._in_thread(path.is_file) else None

    async def exists(self, blob_id: str) -> bool:
        """Whether the file is still kept."""
        return await self._in_thread(self.path_of(blob_id).is_file)

    async def delete(self, blob_id: str) -> None:
        """Remove the file; no-op when it is gone. Raises StorageError."""
        await self._in_thread(_remove, self.path_of(blob_id))

    async def sweep(self, known: Container[str], is_old: Callable[[str], bool]) -> int:
        """Remove the files whose id is not `known` and that are old, which is asked of each.

        Unfinished files are never known. Both are asked in another thread. Returns how many were removed.
        """
        return await self._in_thread(self._sweep, known, is_old)

    async def _in_thread(self, work: Callable[[*Ts], T], *args: *Ts) -> T:
        """Run blocking `work` off the loop. A cancelled caller waits until it is over: the file is in use."""
        running = asyncio.get_running_loop().run_in_executor(self._threads, work, *args)
        try:
            return await asyncio.shield(running)
        except asyncio.CancelledError:
            await asyncio.wait([running])
            raise
        except OSError as error:
            raise StorageError(STORAGE_UNAVAILABLE, f"{error.strerror or 'The disk failed'}.") from error

    def _keep(self, path: Path) -> StoredFile:
        with path.open("rb") as file:
            sha256 = hashlib.file_digest(file, "sha256").hexdigest()
            size = os.fstat(file.fileno()).st_size
            _flush(file.fileno())
        return StoredFile(self._publish(path), size, sha256)

    def _publish(self, path: Path) -> str:
        blob_id = new_blob_id()
        path.rename(self._folder / blob_id)
        folder = os.open(self._folder, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        return blob_id

    def _sweep(self, known: Container[str], is_old: Callable[[str], bool]) -> int:
        removed = 0
        with os.scandir(self._folder) as entries:
            for entry in entries:
                ours = _BLOB_ID.fullmatch(entry.name.removesuffix(_UNFINISHED))
                if not ours or entry.name in known or not is_old(entry.name):
                    continue
                # A file may vanish between the listing and here: its owner was quicker.
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(entry.path)
                    removed += 1
        return removed


class _NewFile:
    """An open file and the hash of what went into it. `create` and `append` block; a thread runs them."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.fd = -1
        self.sha256 = hashlib.sha256()

    def create(self) -> None:
        self.fd = os.open(self.path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)

    def append(self, data: bytes) -> None:
        self.sha256.update(data)
        view = memoryview(data)
        while view:
            view = view[os.write(self.fd, view) :]

    def close(self) -> None:
        if self.fd >= 0:
            os.close(self.fd)
            self.fd = -1


def _flush(file: int) -> None:
    if hasattr(fcntl, "F_FULLFSYNC"):
        # On macOS fsync stops at the drive's cache.
        fcntl.fcntl(file, fcntl.F_FULLFSYNC)
    else:
        os.fsync(file)


def _remove(path: Path) -> None:
    path.unlink(missing_ok=True)
