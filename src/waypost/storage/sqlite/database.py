import asyncio
import sqlite3
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, TypeVar

from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.storage.sqlite.connection import connect_reader, connect_writer
from waypost.storage.sqlite.dialect import SqliteDialect
from waypost.storage.sqlite.migrate import migrate
from waypost.storage.sqlite.transactions import SqliteTransactions
from waypost.storage.writer import Job, OnCommit, Writer, uncounted

T = TypeVar("T")
Item = TypeVar("Item")

READERS: Final = 2
# Units that may wait for the writer; whoever comes after waits for a place.
MAX_WAITING: Final = 10_000


@asynccontextmanager
async def opened(
    path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection, on_commit: OnCommit = uncounted
) -> "AsyncIterator[SqliteDatabase]":
    """The database at `path` on the newest schema, closed at the end after what was submitted is written.

    Hold the data folder's lock around it. Raises StorageError when it can't be opened or is of a newer
    release.
    """
    try:
        connection = await asyncio.to_thread(_prepare, path, factory)
    except sqlite3.Error as error:
        raise StorageError(STORAGE_UNAVAILABLE, f"{path}: {error}.") from error
    database = SqliteDatabase(path, connection, on_commit=on_commit)
    try:
        yield database
    finally:
        await asyncio.shield(database.close())


def _prepare(path: Path, factory: type[sqlite3.Connection]) -> sqlite3.Connection:
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    connection = connect_writer(path, factory)
    try:
        migrate(connection)
    except BaseException:
        connection.close()
        raise
    return connection


class SqliteDatabase:
    """Implements `storage.database.Database` on one SQLite file."""

    def __init__(
        self,
        path: Path,
        connection: sqlite3.Connection,
        readers: int = READERS,
        on_commit: OnCommit = uncounted,
    ) -> None:
        self._path = path
        self._connection = connection
        self._loop = asyncio.get_running_loop()
        self._places = asyncio.Semaphore(MAX_WAITING)
        self._writer = Writer([SqliteTransactions(connection)], self._loop, self._give_back, on_commit)
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="waypost-reader")
        self._of_thread = threading.local()
        self._reader_connections: list[sqlite3.Connection] = []
        self._closed = False
        self._dialect = SqliteDialect()

    @property
    def dialect(self) -> SqliteDialect:
        """SQLite's."""
        return self._dialect

    @property
    def healthy(self) -> bool:
        """False from a failed commit until a write succeeds; the writer tries by itself every second."""
        return self._writer.healthy

    async def write(self, unit: Callable[[sqlite3.Connection], T]) -> T:
        """Run `unit` in a transaction; returns what it returned, after COMMIT.

        What `unit` raises rolls back this unit alone and is raised here. A failed commit, a full or broken
        disk raises StorageError(STORAGE_UNAVAILABLE) for everyone who shared the transaction: nothing was
        stored. A caller that is cancelled stops waiting; the unit is carried out all the same.
        """
        await self._places.acquire()
        if self._closed:
            self._places.release()
            raise _closed()
        future: asyncio.Future[T] = self._loop.create_future()
        self._writer.submit(Job(future, unit))
        return await future

    def write_each(
        self, bulk: Callable[[sqlite3.Connection, Sequence[Item]], Sequence[T]], item: Item
    ) -> "asyncio.Future[T]":
        """Like `write`, for units that are done faster together: `bulk` is run for all neighbours that name
        it, and returns a value for each item, in order. When it raises, it is run for each item alone.

        Nobody waits for a place here: whoever calls bounds how many of these are under way.
        """
        if self._closed:
            raise _closed()
        future: asyncio.Future[T] = self._loop.create_future()
        self._writer.submit(Job(future, bulk=bulk, item=item))
        return future

    async def read(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run `query` on a connection that can't write, over one consistent snapshot."""
        if self._closed:
            raise _closed()
        return await self._loop.run_in_executor(self._readers, self._query, query)

    async def close(self) -> None:
        """Write what was submitted and close. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._writer.hand_over()
        await asyncio.to_thread(self._close)

    def _query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        connection: sqlite3.Connection | None = getattr(self._of_thread, "connection", None)
        try:
            if connection is None:
                connection = self._of_thread.connection = connect_reader(self._path)
                self._reader_connections.append(connection)
            connection.execute("BEGIN")
            try:
                return query(connection)
            finally:
                connection.execute("COMMIT")
        except sqlite3.Error as error:
            name: Any = getattr(error, "sqlite_errorname", type(error).__name__)
            raise StorageError(STORAGE_UNAVAILABLE, f"SQLite says {name}.") from error

    def _close(self) -> None:
        self._writer.finish()
        self._readers.shutdown()
        for connection in self._reader_connections:
            connection.close()
        self._connection.close()

    def _give_back(self, count: int) -> None:
        for _ in range(count):
            self._places.release()


def _closed() -> StorageError:
    return StorageError(STORAGE_UNAVAILABLE, "The database is closed.")
