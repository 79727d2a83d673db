"""Session stores as SQLite files, one folder per instance: for a gateway that is alone."""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from waypost.engine.port import Mark, Settlement
from waypost.engine.probe import StoreProbe
from waypost.engine.store import Identity, Pairing
from waypost.engine.store_folder import DATABASE, StoreFolder, instance_folder, library_path

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class FileStores:
    """Implements `store.SessionStores` below the folder `base`; `pool` waits for the disk."""

    base: Path
    pool: Executor

    def of(self, instance_id: str) -> "FileStore":
        """The store of an instance. Raises ValueError for an id that is no plain name."""
        return FileStore(instance_folder(self.base, instance_id), self.pool)


class FileStore:
    """Implements `store.SessionStore`."""

    def __init__(self, folder: StoreFolder, pool: Executor) -> None:
        self._folder = folder
        self._pool = pool

    @property
    def name(self) -> str:
        """By which the library opens it."""
        return library_path(self._folder.store)

    @property
    def held(self) -> bool:
        """The folder is this gateway's alone."""
        return True

    async def exists(self) -> bool:
        """Whether there is a paired store."""
        return await asyncio.to_thread(self._folder.exists)

    def probe(self) -> "FileProbe":
        """A view of the paired store."""
        return FileProbe(self._folder.database, self._pool)

    async def new_pairing(self, token: str) -> "FilePairing":
        """A fresh store to pair in."""
        return FilePairing(await asyncio.to_thread(self._folder.new_pairing, token), self._pool)

    async def discard_pairings(self) -> None:
        """Remove what unfinished pairings left."""
        await asyncio.to_thread(self._folder.discard_pairings)

    async def adopt(self, pairing: Pairing) -> None:
        """Make a paired store the instance's own."""
        assert isinstance(pairing, FilePairing)
        await asyncio.to_thread(self._folder.adopt, pairing.folder)

    async def discard(self) -> None:
        """Delete the store."""
        await asyncio.to_thread(self._folder.discard)


@dataclass(frozen=True, slots=True)
class FilePairing:
    """Implements `store.Pairing`."""

    folder: Path
    pool: Executor

    @property
    def name(self) -> str:
        """By which the library opens it."""
        return library_path(self.folder)

    async def identity(self) -> Identity | None:
        """Whom it was paired with."""
        probe = FileProbe(self.folder / DATABASE, self.pool)
        try:
            return await probe.identity()
        finally:
            await probe.close()


class FileProbe:
    """Implements `store.Probe`."""

    def __init__(self, database: Path, pool: Executor) -> None:
        self._probe = StoreProbe(database)
        self._pool = pool

    async def identity(self) -> Identity | None:
        """Who the store belongs to."""
        return await self._in_pool(self._probe.identity)

    async def write(self, secret: bytes) -> None:
        """Prove that the store takes a row now."""
        await self._in_pool(lambda: self._probe.write(secret))

    async def settle(self, secret: bytes, mark: Mark) -> Settlement:
        """What became of a send."""
        return await self._in_pool(lambda: self._probe.settle(secret, mark))

    async def close(self) -> None:
        """Close the database."""
        await self._in_pool(self._probe.close)

    async def _in_pool(self, function: Callable[[], T]) -> T:
        return await asyncio.get_running_loop().run_in_executor(self._pool, function)
