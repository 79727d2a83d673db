"""Group commit: one thread writes, and whoever came while it was syncing shares the next commit.

A commit with synchronous=FULL costs an fsync. Per caller that is some hundred a second; shared it is
thousands, and nobody is answered before the commit that holds his rows has returned.
"""

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any, Final, NamedTuple

from waypost.errors import STORAGE_UNAVAILABLE, StorageError

Unit = Callable[[sqlite3.Connection], Any]
Bulk = Callable[[sqlite3.Connection, Sequence[Any]], Sequence[Any]]

MAX_BATCH: Final = 512
# How long a batch smaller than the last waits for those whom that one has just answered: half as many
# commits under load, and a caller who is alone waits for nobody.
GATHER_SECONDS: Final = 0.0005
# How often a writer that failed tries again by itself, so that /readyz turns green without traffic.
PROBE_SECONDS: Final = 1.0

# Primary result codes after which the transaction as a whole is lost; all others concern one statement.
_FATAL: Final = frozenset(
    {
        sqlite3.SQLITE_BUSY,
        sqlite3.SQLITE_LOCKED,
        sqlite3.SQLITE_NOMEM,
        sqlite3.SQLITE_READONLY,
        sqlite3.SQLITE_IOERR,
        sqlite3.SQLITE_CORRUPT,
        sqlite3.SQLITE_FULL,
        sqlite3.SQLITE_CANTOPEN,
        sqlite3.SQLITE_PROTOCOL,
        sqlite3.SQLITE_NOTADB,
    }
)


class Job(NamedTuple):
    """One unit of work and the caller's future: `unit`, or the share that `item` has in `bulk`."""

    future: asyncio.Future[Any]
    unit: Unit | None = None
    bulk: Bulk | None = None
    item: Any = None


class _Outcome(NamedTuple):
    future: asyncio.Future[Any]
    value: Any
    error: BaseException | None


class _BatchLost(Exception):
    """The shared transaction can't be committed."""


class Writer:
    """Runs units of work in the order they came, in a shared transaction; one that raises fails alone.

    `on_done` is called in the event loop with the number of units (`bulk` jobs apart) that a batch has
    answered.
    """

    def __init__(
        self, connection: sqlite3.Connection, loop: asyncio.AbstractEventLoop, on_done: Callable[[int], None]
    ) -> None:
        self.healthy = True
        self._connection = connection
        self._loop = loop
        self._on_done = on_done
        self._gathered: list[Job] = []
        self._last = 0
        self._jobs: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="waypost-writer", daemon=True)
        self._thread.start()

    def submit(self, job: Job) -> None:
        """Take `job`; its future is resolved once the commit has returned. For the loop's thread alone."""
        # All that come in one turn of the loop go together: the thread, woken by the first, would take that
        # one alone and fight the loop for the interpreter with every further one.
        if not self._gathered:
            self._loop.call_soon(self.hand_over)
        self._gathered.append(job)

    def hand_over(self) -> None:
        """Let the thread have what was submitted."""
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._jobs.put(gathered)

    def finish(self) -> None:
        """Write what was handed over, then end. Blocks until the thread has ended."""
        self._jobs.put(None)
        self._thread.join()

    def _run(self) -> None:
        while True:
            batch, last = self._next_batch()
            if batch:
                self._last = len(batch)
                outcomes = self._write(batch)
                units = sum(job.bulk is None for job in batch)
                with suppress(RuntimeError):  # the loop was closed: nobody waits any more
                    self._loop.call_soon_threadsafe(self._resolve, outcomes, units)
            elif not last:
                self._write([])
            if last:
                return

    def _next_batch(self) -> tuple[list[Job], bool]:
        batch: list[Job] = []
        until = 0.0
        try:
            jobs = self._jobs.get(timeout=None if self.healthy else PROBE_SECONDS)
            while jobs is not None:
                batch += jobs
                if len(batch) >= MAX_BATCH:
                    return batch, False
                until = until or time.monotonic() + GATHER_SECONDS
                wait = until - time.monotonic() if len(batch) < self._last else 0.0
                jobs = self._jobs.get(timeout=max(wait, 0.0))
        except queue.Empty:
            return batch, False
        return batch, True

    def _write(self, batch: list[Job]) -> list[_Outcome]:
        connection = self._connection
        try:
            connection.execute("BEGIN IMMEDIATE")
            if not batch:
                connection.execute("UPDATE writer_probe SET count = count + 1")
            outcomes = self._together(batch)
            connection.execute("COMMIT")
        except (_BatchLost, sqlite3.Error) as error:
            self.healthy = False
            self._roll_back()
            reason = _reason(error)
            return [_Outcome(job.future, None, StorageError(STORAGE_UNAVAILABLE, reason)) for job in batch]
        self.healthy = True
        return outcomes

    def _together(self, batch: list[Job]) -> list[_Outcome]:
        """Run all without a SAVEPOINT each, which costs two statements; when one raises, all again with."""
        connection = self._connection
        try:
            # Each statement hands the interpreter over twice; jobs that can share one wait less for it.
            return [
                outcome
                for bulk, jobs in groupby(batch, key=lambda job: job.bulk)
                for outcome in _outcomes(connection, bulk, list(jobs))
            ]
        except Exception as error:
            if _is_fatal(error) or not connection.in_transaction:
                raise _BatchLost from error
        connection.execute("ROLLBACK")
        connection.execute("BEGIN IMMEDIATE")
        return [self._attempt(job) for job in batch]

    def _attempt(self, job: Job) -> _Outcome:
        connection = self._connection
        connection.execute("SAVEPOINT unit")
        try:
            outcome = _outcomes(connection, job.bulk, [job])[0]
        except Exception as error:
            if _is_fatal(error) or not connection.in_transaction:
                raise _BatchLost from error
            connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
            return _Outcome(job.future, None, error)
        connection.execute("RELEASE unit")
        return outcome

    def _roll_back(self) -> None:
        # SQLite has already rolled back by itself after some of these errors.
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def _resolve(self, outcomes: list[_Outcome], units: int) -> None:
        for outcome in outcomes:
            if outcome.future.done():  # the caller went away; what he asked for is committed all the same
                continue
            if outcome.error is None:
                outcome.future.set_result(outcome.value)
            else:
                outcome.future.set_exception(outcome.error)
        self._on_done(units)


def _outcomes(connection: sqlite3.Connection, bulk: Bulk | None, jobs: list[Job]) -> list[_Outcome]:
    """Run neighbouring jobs of one `bulk`, or units."""
    if bulk is None:
        values: Sequence[Any] = [job.unit(connection) for job in jobs if job.unit is not None]
    else:
        values = bulk(connection, [job.item for job in jobs])
    return [_Outcome(job.future, value, None) for job, value in zip(jobs, values, strict=True)]


def _is_fatal(error: Exception) -> bool:
    if not isinstance(error, sqlite3.Error):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is not None and (code & 0xFF) in _FATAL


def _reason(error: BaseException) -> str | None:
    """SQLite's own name of the error; its text could quote values."""
    cause = error.__cause__ if isinstance(error, _BatchLost) else error
    name = getattr(cause, "sqlite_errorname", None)
    return f"SQLite says {name}." if name else None
