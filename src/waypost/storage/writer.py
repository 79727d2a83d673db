"""Group commit: a thread writes, and whoever came while it was syncing shares the next commit.

A commit that is durable costs a sync of the disk. Per caller that is some hundred a second; shared it is
thousands, and nobody is answered before the commit that holds his rows has returned. SQLite has one thread,
since one may write; PostgreSQL a few, each with a connection of its own.
"""

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from itertools import groupby
from typing import Any, Final, NamedTuple, Protocol

from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.storage.database import Connection

Unit = Callable[[Any], Any]
Bulk = Callable[[Any, Sequence[Any]], Sequence[Any]]
# Told of each group commit how many units shared it and how many seconds it took; in a writer's thread.
OnCommit = Callable[[int, float], None]

MAX_BATCH: Final = 512
# How long a batch smaller than the last waits for those whom that one has just answered: half as many
# commits under load, and a caller who is alone waits for nobody.
GATHER_SECONDS: Final = 0.0005
# How often a writer that failed tries again by itself, so that /readyz turns green without traffic.
PROBE_SECONDS: Final = 1.0
# A batch that was undone through no fault of its own is run again this often, after a pause that is another
# for each thread, so that two who met do not meet again.
ATTEMPTS: Final = 4
PAUSE_SECONDS: Final = 0.01


def uncounted(_units: int, _seconds: float) -> None:
    """An OnCommit for who does not ask."""


class Transactions(Protocol):
    """The transactions of one connection; everything blocks. `errors` are the driver's own."""

    errors: type[Exception]

    def begin(self) -> Connection:
        """Begin a transaction; connects first where that is needed."""
        ...

    def probe(self, connection: Connection) -> None:
        """Write something that changes nothing, within a transaction."""
        ...

    def commit(self) -> None:
        """Make it durable. Raises one of `errors`; then it is not."""
        ...

    def roll_back(self) -> None:
        """Leave the transaction, whatever state it is in; raises nothing."""
        ...

    def is_lost(self, error: Exception) -> bool:
        """Whether the transaction as a whole can't go on after `error`, which a statement raised."""
        ...

    def may_pass(self, error: Exception, committing: bool) -> bool:
        """Whether nothing was stored for sure, and the same batch may succeed at once."""
        ...

    def reason(self, error: BaseException, committing: bool) -> str | None:
        """The database's own name of the error; its text could quote values."""
        ...


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
    """The shared transaction can't be committed, because of `error`."""

    def __init__(self, error: Exception) -> None:
        super().__init__()
        self.error = error


class Writer:
    """Runs units of work in a shared transaction; one that raises fails alone.

    They begin in the order they came, and with one connection they are done in that order too. `on_done` is
    called in the event loop with the number of units (`bulk` jobs apart) that a batch has answered,
    `on_commit` in the thread.
    """

    def __init__(
        self,
        connections: Sequence[Transactions],
        loop: asyncio.AbstractEventLoop,
        on_done: Callable[[int], None],
        on_commit: OnCommit = uncounted,
    ) -> None:
        self._loop = loop
        self._on_done = on_done
        self._gathered: list[Job] = []
        self._jobs: queue.SimpleQueue[list[Job] | None] = queue.SimpleQueue()
        self._threads = [
            _Thread(connection, self._jobs, self._answer, number * PAUSE_SECONDS, on_commit)
            for number, connection in enumerate(connections, 1)
        ]
        for thread in self._threads:
            thread.start()

    @property
    def healthy(self) -> bool:
        """False while a thread's last commit failed."""
        return all(thread.healthy for thread in self._threads)

    def submit(self, job: Job) -> None:
        """Take `job`; its future is resolved once the commit has returned. For the loop's thread alone."""
        # All that come in one turn of the loop go together: the thread, woken by the first, would take that
        # one alone and fight the loop for the interpreter with every further one.
        if not self._gathered:
            self._loop.call_soon(self.hand_over)
        self._gathered.append(job)

    def hand_over(self) -> None:
        """Let a thread have what was submitted."""
        gathered, self._gathered = self._gathered, []
        if gathered:
            self._jobs.put(gathered)

    def finish(self) -> None:
        """Write what was handed over, then end. Blocks until the threads have ended."""
        for _ in self._threads:
            self._jobs.put(None)
        for thread in self._threads:
            thread.join()

    def _answer(self, outcomes: list[_Outcome], units: int) -> None:
        with suppress(RuntimeError):  # the loop was closed: nobody waits any more
            self._loop.call_soon_threadsafe(self._resolve, outcomes, units)

    def _resolve(self, outcomes: list[_Outcome], units: int) -> None:
        for outcome in outcomes:
            if outcome.future.done():  # the caller went away; what he asked for is committed all the same
                continue
            if outcome.error is None:
                outcome.future.set_result(outcome.value)
            else:
                outcome.future.set_exception(outcome.error)
        self._on_done(units)


class _Thread(threading.Thread):
    """Writes batches on one connection."""

    def __init__(
        self,
        connection: Transactions,
        jobs: "queue.SimpleQueue[list[Job] | None]",
        answer: Callable[[list[_Outcome], int], None],
        pause: float,
        on_commit: OnCommit,
    ) -> None:
        super().__init__(name="waypost-writer", daemon=True)
        self.healthy = True
        self._transactions = connection
        self._jobs = jobs
        self._answer = answer
        self._pause = pause
        self._on_commit = on_commit
        self._last = 0

    def run(self) -> None:
        """Until None comes."""
        while True:
            batch, last = self._next_batch()
            if batch:
                self._last, began = len(batch), time.monotonic()
                outcomes = self._write(batch)
                took = time.monotonic() - began
                self._answer(outcomes, sum(job.bulk is None for job in batch))
                self._on_commit(len(batch), took)
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
        for attempt in range(1, ATTEMPTS + 1):
            committing = False
            try:
                outcomes = self._together(batch)
                committing = True
                self._transactions.commit()
            except (_BatchLost, self._transactions.errors) as failed:
                error = failed.error if isinstance(failed, _BatchLost) else failed
                self._transactions.roll_back()
                if attempt < ATTEMPTS and self._transactions.may_pass(error, committing):
                    time.sleep(attempt * self._pause)
                    continue
                self.healthy = False
                lost = StorageError(STORAGE_UNAVAILABLE, self._transactions.reason(error, committing))
                return [_Outcome(job.future, None, lost) for job in batch]
            self.healthy = True
            return outcomes
        raise AssertionError("unreachable")

    def _together(self, batch: list[Job]) -> list[_Outcome]:
        """Run all without a SAVEPOINT each, which costs two statements; when one raises, all again with."""
        connection = self._transactions.begin()
        if not batch:
            self._transactions.probe(connection)
        try:
            # Each statement hands the interpreter over twice; jobs that can share one wait less for it.
            return [
                outcome
                for bulk, jobs in groupby(batch, key=lambda job: job.bulk)
                for outcome in _outcomes(connection, bulk, list(jobs))
            ]
        except Exception as error:
            if self._transactions.is_lost(error):
                raise _BatchLost(error) from error
        self._transactions.roll_back()
        connection = self._transactions.begin()
        return [self._attempt(connection, job) for job in batch]

    def _attempt(self, connection: Connection, job: Job) -> _Outcome:
        connection.execute("SAVEPOINT unit")
        try:
            outcome = _outcomes(connection, job.bulk, [job])[0]
        except Exception as error:
            if self._transactions.is_lost(error):
                raise _BatchLost(error) from error
            connection.execute("ROLLBACK TO unit")
            connection.execute("RELEASE unit")
            return _Outcome(job.future, None, error)
        connection.execute("RELEASE unit")
        return outcome


def _outcomes(connection: Connection, bulk: Bulk | None, jobs: list[Job]) -> list[_Outcome]:
    """Run neighbouring jobs of one `bulk`, or units."""
    if bulk is None:
        values: Sequence[Any] = [job.unit(connection) for job in jobs if job.unit is not None]
    else:
        values = bulk(connection, [job.item for job in jobs])
    return [_Outcome(job.future, value, None) for job, value in zip(jobs, values, strict=True)]
