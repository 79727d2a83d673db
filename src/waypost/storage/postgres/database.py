import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from typing import Final, TypeVar

import psycopg

from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.storage.postgres.dialect import PostgresDialect
from waypost.storage.postgres.link import Link, PostgresConnection, Unreachable
from waypost.storage.postgres.migrate import migrate
from waypost.storage.postgres.target import Target
from waypost.storage.postgres.transactions import WRITE, PostgresTransactions
from waypost.storage.writer import Job, OnCommit, Writer, uncounted

T = TypeVar("T")
Item = TypeVar("Item")

READ: Final = "ISOLATION LEVEL REPEATABLE READ READ ONLY"
# Units that may wait for a writer; whoever comes after waits for a place.
MAX_WAITING: Final = 10_000
_LOOK_SECONDS: Final = 1.0


@asynccontextmanager
async def opened(
    target: Target, writers: int, readers: int, on_commit: OnCommit = uncounted
) -> "AsyncIterator[PostgresDatabase]":
    """The database on the newest schema, over at most `writers` and `readers` connections; closed at the end
    after what was submitted is written.

    Raises StorageError when it can't be reached or is of a newer release.
    """
    try:
        await asyncio.to_thread(migrate, target)
    except psycopg.Error as error:
        raise StorageError(STORAGE_UNAVAILABLE, f"PostgreSQL: {_first_line(error)}") from error
    async with connected(target, writers, readers, on_commit) as database:
        yield database


@asynccontextmanager
async def connected(
    target: Target, writers: int, readers: int, on_commit: OnCommit = uncounted
) -> "AsyncIterator[PostgresDatabase]":
    """Further connections to a database that is on the newest schema."""
    database = PostgresDatabase(target, writers, readers, on_commit)
    watching = asyncio.create_task(database.watch())
    try:
        yield database
    finally:
        # Until the last commit somebody has to cut what is stuck.
        await asyncio.shield(database.close())
        watching.cancel()


class PostgresDatabase:
    """Implements `storage.database.Database` on a server: several threads commit in groups, each on its own
    connection, so that a slow commit does not hold up the rest.

    Units of one turn of the loop are done in order, all others in any order: whoever needs one after another
    awaits the first. Where the connection is lost during COMMIT nobody can tell whether it was stored; that
    is a StorageError too, so what was *not* answered may be there. Repeating it is harmless: changes are
    guarded and idempotency keys are rows of the same commit.
    """

    def __init__(self, target: Target, writers: int, readers: int, on_commit: OnCommit = uncounted) -> None:
        self._dialect = PostgresDialect()
        self._target = target
        self._loop = asyncio.get_running_loop()
        self._places = asyncio.Semaphore(MAX_WAITING)
        self._links = [Link(target, WRITE) for _ in range(writers)]
        self._writer = Writer(
            [PostgresTransactions(link) for link in self._links], self._loop, self._give_back, on_commit
        )
        self._readers = ThreadPoolExecutor(readers, thread_name_prefix="waypost-reader")
        self._of_thread = threading.local()
        self._closed = False

    @property
    def dialect(self) -> PostgresDialect:
        """PostgreSQL's."""
        return self._dialect

    @property
    def healthy(self) -> bool:
        """False from a failed commit until a write succeeds; each writer tries by itself every second."""
        return self._writer.healthy

    async def write(self, unit: Callable[[PostgresConnection], T]) -> T:
        """Run `unit` in a transaction; returns what it returned, after COMMIT."""
        await self._places.acquire()
        if self._closed:
            self._places.release()
            raise _closed()
        future: asyncio.Future[T] = self._loop.create_future()
        self._writer.submit(Job(future, unit))
        return await future

    def write_each(
        self, bulk: Callable[[PostgresConnection, Sequence[Item]], Sequence[T]], item: Item
    ) -> "asyncio.Future[T]":
        """Like `write`, for units that are done faster together."""
        if self._closed:
            raise _closed()
        future: asyncio.Future[T] = self._loop.create_future()
        self._writer.submit(Job(future, bulk=bulk, item=item))
        return future

    async def read(self, query: Callable[[PostgresConnection], T]) -> T:
        """Run `query` over one consistent snapshot; it is run again when the connection is lost meanwhile."""
        if self._closed:
            raise _closed()
        return await self._loop.run_in_executor(self._readers, self._query, query)

    async def watch(self) -> None:
        """Cut connections that are stuck, until cancelled."""
        while True:
            await asyncio.sleep(_LOOK_SECONDS)
            for link in list(self._links):
                link.cut_if_stuck()

    async def close(self) -> None:
        """Write what was submitted and close. Idempotent."""
        if self._closed:
            return
        self._closed = True
        self._writer.hand_over()
        await asyncio.to_thread(self._close)

    def _query(self, query: Callable[[PostgresConnection], T]) -> T:
        link: Link | None = getattr(self._of_thread, "link", None)
        if link is None:
            link = self._of_thread.link = Link(self._target, READ)
            self._links.append(link)
        try:
            try:
                return _ask(link, query)
            except psycopg.OperationalError as error:
                if link.connected or isinstance(error, Unreachable):
                    raise
                return _ask(link, query)
        except psycopg.Error as error:
            reason = PostgresTransactions(link).reason(error, committing=False)
            raise StorageError(STORAGE_UNAVAILABLE, reason) from error

    def _close(self) -> None:
        self._writer.finish()
        self._readers.shutdown()
        for link in self._links:
            link.close()

    def _give_back(self, count: int) -> None:
        for _ in range(count):
            self._places.release()


def _ask(link: Link, query: Callable[[PostgresConnection], T]) -> T:
    try:
        found = query(link.begin())
        link.commit()
        return found
    except BaseException:
        link.roll_back()
        raise


def _first_line(error: psycopg.Error) -> str:
    lines = str(error).strip().splitlines()
    return lines[0] if lines else type(error).__name__


def _closed() -> StorageError:
    return StorageError(STORAGE_UNAVAILABLE, "The database is closed.")
