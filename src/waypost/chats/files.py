"""Files of incoming messages, fetched as a durable queue of their own: a slow one holds nothing up."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterable, AsyncIterator, Callable
from pathlib import Path
from typing import Final, Protocol

from waypost.chats.store import ChatStore, FileKey, FileStore, StoredFile
from waypost.clock import Clock
from waypost.durable.retry import Schedule, next_attempt
from waypost.engine.port import Session
from waypost.errors import (
    MEDIA_DOWNLOAD_FAILED,
    MEDIA_GONE,
    MEDIA_TOO_LARGE,
    NOT_CONNECTED,
    EngineError,
    StorageError,
    WaypostError,
)
from waypost.lasting import lasting
from waypost.media.blobs import StoredFile as Stored
from waypost.telemetry import Log

# Five tries within a quarter of an hour; after that the servers are not going to have it.
RETRY: Final = Schedule(delays=(1.0, 5.0, 30.0, 180.0, 600.0), attempts=5)
_AT_ONCE: Final = 8
_PER_INSTANCE: Final = 2
_WITHIN_SECONDS: Final = 120.0
_OFFLINE_SECONDS: Final = 5.0
_LOOK_SECONDS: Final = 5.0
# What is due may be under way already, or another node's.
_AGAIN_SECONDS: Final = 1.0
_CHUNK: Final = 256 * 1024
_SWEEP_SECONDS: Final = 3600.0


class Blobs(Protocol):
    """Where files are kept."""

    async def put(self, chunks: AsyncIterable[bytes], max_bytes: int) -> Stored:
        """Keep a stream durably."""
        ...

    async def delete(self, blob_id: str) -> None:
        """Remove a file."""
        ...


class FileQueue:
    """Downloads what messages brought, some at a time."""

    def __init__(
        self,
        files: FileStore,
        chats: ChatStore,
        blobs: Blobs,
        session_of: Callable[[str], Session | None],
        holds: Callable[[str], bool],
        workshop: Path,
        max_bytes: int,
        on_end: Callable[[], None],
        clock: Clock,
        log: Log,
    ) -> None:
        """`holds` tells whether an instance is this node's; `workshop` is a folder for files in the making;
        `on_end` is called after each that ended."""
        self._files = files
        self._chats = chats
        self._blobs = blobs
        self._session_of = session_of
        self._holds = holds
        self._workshop = workshop
        self._max_bytes = max_bytes
        self._on_end = on_end
        self._clock = clock
        self._log = log
        self._rng = random.Random()  # noqa: S311 - it only spreads retries
        self._running: dict[FileKey, asyncio.Task[None]] = {}
        self._wake = asyncio.Event()
        self._asked = asyncio.Semaphore(_AT_ONCE)

    def wake(self) -> None:
        """There may be something to fetch."""
        self._wake.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Fetch while the context lasts."""
        task = asyncio.create_task(lasting(self._run, "files", self._log), name="files")
        try:
            yield
        finally:
            tasks = [task, *self._running.values()]
            for one in tasks:
                one.cancel()
            await asyncio.wait(tasks)

    async def forget_old(self, keep: float) -> None:
        """Remove files once they are `keep` seconds old; runs until it is cancelled."""
        while True:
            try:
                await self._forget(self._clock.now() - keep)
            except WaypostError as error:
                self._log.warning("files_not_swept", code=error.code)
            await asyncio.sleep(_SWEEP_SECONDS)

    async def fetch(self, key: FileKey) -> StoredFile:
        """The file of a message, downloaded now if it is not there. Raises EngineError(MEDIA_GONE | …)."""
        file = await self._files.find(key)
        if file is None:
            raise EngineError(MEDIA_GONE)
        if file.state != "there":
            async with self._asked:
                await self._download(file)
            self._on_end()
        found = await self._files.find(key)
        if found is None or found.state != "there":
            raise EngineError(MEDIA_GONE)
        return found

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                await self._begin_due()
                due = await self._files.next_due()
            except StorageError as error:
                self._log.warning("files_not_read", code=error.code)
                due = None
            seconds = (
                _LOOK_SECONDS
                if due is None
                else min(_LOOK_SECONDS, max(due - self._clock.now(), _AGAIN_SECONDS))
            )
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()

    async def _begin_due(self) -> None:
        """Begin what there is room for, a few of each instance: one with thousands holds no other up."""
        for instance_id in await self._files.waiting():
            if not self._holds(instance_id) or self._session_of(instance_id) is None:
                continue  # whoever holds it fetches it; and what is offline may be back at the next look
            busy = sum(one.instance_id == instance_id for one in self._running)
            room = min(_PER_INSTANCE - busy, _AT_ONCE - len(self._running))
            if room <= 0:
                continue
            due = await self._files.due(instance_id, self._clock.now(), room + busy)
            for file in [one for one in due if one.key not in self._running][:room]:
                self._running[file.key] = asyncio.create_task(self._guarded(file))

    async def _guarded(self, file: StoredFile) -> None:
        try:
            await self._attempt(file)
        except StorageError as error:
            self._log.warning("file_not_kept", instance=file.key.instance_id, code=error.code)
        except Exception:  # noqa: BLE001 - one file that breaks something must not end all downloads
            self._log.exception("file_crashed", instance=file.key.instance_id)
            await self._files.failed(file.key, MEDIA_DOWNLOAD_FAILED.code)
        finally:
            self._running.pop(file.key, None)
            self._wake.set()
            self._on_end()

    async def _attempt(self, file: StoredFile) -> None:
        try:
            await self._download(file)
        except EngineError as error:
            await self._try_again(file, error)

    async def _try_again(self, file: StoredFile, error: EngineError) -> None:
        attempts, now = file.attempts + 1, self._clock.now()
        if error.fault is NOT_CONNECTED:
            await self._files.put_off(file.key, now + _OFFLINE_SECONDS, file.attempts)
            return
        at = next_attempt(RETRY, attempts, now, self._rng) if error.fault.retryable else None
        self._log.info(
            "file_not_fetched", instance=file.key.instance_id, code=error.code, attempts=attempts, again=at
        )
        if at is None:
            await self._files.failed(file.key, error.code)
        else:
            await self._files.put_off(file.key, at, attempts)

    async def _download(self, file: StoredFile) -> None:
        """Raises EngineError, StorageError."""
        key = file.key
        if file.size is not None and file.size > self._max_bytes:
            raise EngineError(MEDIA_TOO_LARGE)
        session = self._session_of(key.instance_id)
        if session is None:
            raise EngineError(NOT_CONNECTED)
        content = await self._content(key)
        scratch = self._workshop / f"{random.randbytes(16).hex()}.in"  # noqa: S311 - a name nobody else has
        try:
            async with asyncio.timeout(_WITHIN_SECONDS):
                size = await session.download(content, scratch)
            if size > self._max_bytes:
                raise EngineError(MEDIA_TOO_LARGE)
            stored = await self._blobs.put(chunks(scratch), self._max_bytes)
        except TimeoutError:
            raise EngineError(MEDIA_DOWNLOAD_FAILED, "It took too long.") from None
        finally:
            await asyncio.to_thread(scratch.unlink, missing_ok=True)
        if not await self._files.there(key, stored.blob_id, stored.size):
            await self._blobs.delete(stored.blob_id)

    async def _content(self, key: FileKey) -> bytes:
        found = await self._chats.find(key.instance_id, key.message_id)
        message = next((one for one in found if one.sender == key.sender and one.content), None)
        if message is None:
            raise EngineError(MEDIA_GONE)
        return message.content

    async def _forget(self, than: float) -> None:
        while True:
            count, blobs = await self._files.forget_older(than, 100)
            for blob_id in blobs:
                await self._blobs.delete(blob_id)
            if not count:
                return


async def chunks(path: Path) -> AsyncIterator[bytes]:
    """What is in a file, piece by piece."""
    file = await asyncio.to_thread(path.open, "rb")
    try:
        while chunk := await asyncio.to_thread(file.read, _CHUNK):
            yield chunk
    finally:
        file.close()
