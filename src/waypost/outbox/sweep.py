import asyncio
import contextlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

from waypost.clock import Clock
from waypost.errors import StorageError
from waypost.outbox.blobs import BlobFiles
from waypost.outbox.orphans import Orphans
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.store import Ending, OutboxStore, Sweep
from waypost.telemetry import Log

# Rows of a kind per transaction: accepts wait for one of these at most.
_CHUNK: Final = 100
# After each the writers are left alone for so many times as long as it took: most time is for others.
_REST: Final = 3.0
_UUID: Final = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}(?=\.)")


class Sweeper:
    """Takes away what has served its time: files, old rows, keys, receipts, and files that nobody knows."""

    def __init__(
        self,
        store: OutboxStore,
        blobs: BlobFiles,
        clock: Clock,
        settings: OutboxSettings,
        log: Log,
        workshop: Path | None,
        deserted: Callable[[], Ending],
    ) -> None:
        """`workshop` is a folder of files in the making, each named after its request's uuid; `deserted` is
        how requests end now whose instance is gone.
        """
        self._workshop = workshop
        self._deserted = deserted
        self._store = store
        self._blobs = blobs
        self._orphans = Orphans(settings.keep_orphans)
        self._clock = clock
        self._settings = settings
        self._log = log

    async def run(self) -> None:
        """Sweep from time to time until cancelled."""
        while True:
            await asyncio.sleep(self._settings.sweep_every)
            try:
                await self.sweep()
            except StorageError as error:
                self._log.warning("sweep_failed", code=error.code)

    async def sweep(self) -> None:
        """Sweep once. Raises StorageError."""
        now = self._clock.now()
        settings = self._settings
        since = now - settings.undecryptable
        while await self._store.undecryptable(since, _CHUNK) == _CHUNK:
            pass
        while await self._store.end_deserted(self._deserted(), _CHUNK) == _CHUNK:
            pass
        what = Sweep(
            now=now, requests=now - settings.keep_requests, keys=now - settings.idempotency, limit=_CHUNK
        )
        while await self._sweep_rows(what):
            pass
        known = await self._store.blob_files()
        self._orphans.begin(self._clock.monotonic())
        await self._blobs.sweep(known, self._orphans.is_old)
        await self._sweep_workshop()

    async def _sweep_rows(self, what: Sweep) -> bool:
        """Remove some rows and their files; True when there are more."""
        began = self._clock.monotonic()
        swept = await self._store.sweep(what)
        for blob_id in swept.files:
            await self._blobs.delete(blob_id)
        if swept.more:
            await asyncio.sleep((self._clock.monotonic() - began) * _REST)
        return swept.more

    async def _sweep_workshop(self) -> None:
        if self._workshop is not None:
            files = await asyncio.to_thread(_of_requests, self._workshop)
            finished = await self._store.finished(list({uuid for uuid, _ in files}))
            await asyncio.to_thread(_remove, [file for uuid, file in files if uuid in finished])


def _of_requests(workshop: Path) -> list[tuple[str, Path]]:
    """The files of requests, with their uuids. Others work in that folder too, and tidy up by themselves."""
    found = [(_UUID.match(file.name), file) for file in workshop.iterdir()]
    return [(uuid[0], file) for uuid, file in found if uuid is not None]


def _remove(files: Iterable[Path]) -> None:
    for file in files:
        # What can't be removed now is tried again.
        with contextlib.suppress(OSError):
            file.unlink(missing_ok=True)
