"""One SQLite file, one thread that owns it, and group commit.

Calls arrive as functions of a connection. The thread takes all that wait, runs each in a savepoint of one
transaction, and answers after the commit, so an ack never precedes its row and 200 messages/s cost a
handful of commits. The file is in WAL mode with synchronous=NORMAL: a crash of the process loses nothing; a
power cut may lose the last commits, which an emulator can afford and a gateway could not.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self, TypeVar

from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.sandbox.state.schema import DDL, VERSION

T = TypeVar("T")
_BATCH = 256
"""Calls of one transaction at most, so that the first of them does not wait for a flood."""


@dataclass(slots=True)
class _Call:
    work: Callable[[sqlite3.Connection], Any]
    loop: asyncio.AbstractEventLoop
    future: "asyncio.Future[Any]"
    result: Any = None
    error: BaseException | None = None

    def settle(self) -> None:
        """Answer the waiting task, if it still waits."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.result)


class Store:
    """The rows of a sandbox; open it with `async with`."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._serve, name="sandbox-store", daemon=True)
        self._opened = threading.Event()
        self._failure: BaseException | None = None

    async def __aenter__(self) -> Self:
        self._thread.start()
        await asyncio.to_thread(self._opened.wait)
        if self._failure is not None:
            raise StorageError(STORAGE_UNAVAILABLE, str(self._failure)) from self._failure
        return self

    async def __aexit__(self, *_: object) -> None:
        self._calls.put(None)
        await asyncio.to_thread(self._thread.join)

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Run `work` inside a transaction and return its result once that is committed.

        An exception of `work` undoes its own statements only and is raised here. `work` runs in the store's
        thread: it must not touch the event loop.
        """
        if self._failure is not None:
            raise StorageError(STORAGE_UNAVAILABLE)
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._calls.put(_Call(work, loop, future))
        return await future

    def _serve(self) -> None:
        try:
            connection = _open(self._path)
        except (OSError, sqlite3.Error, StorageError) as error:
            self._failure = error
            return
        finally:
            self._opened.set()
        try:
            while (batch := self._take()) is not None:
                _commit(connection, batch)
                for call in batch:
                    # The loop may be closed when a test or a shutdown abandoned its tasks.
                    if not call.loop.is_closed():
                        call.loop.call_soon_threadsafe(call.settle)
        finally:
            self._failure = StorageError(STORAGE_UNAVAILABLE)
            connection.close()

    def _take(self) -> list[_Call] | None:
        first = self._calls.get()
        if first is None:
            return None
        batch = [first]
        while len(batch) < _BATCH:
            try:
                call = self._calls.get_nowait()
            except queue.Empty:
                break
            if call is None:
                self._calls.put(None)
                break
            batch.append(call)
        return batch


def _open(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, timeout=5.0)
    path.chmod(0o600)
    connection.row_factory = sqlite3.Row
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = NORMAL")
    connection.execute("PRAGMA foreign_keys = ON")
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    if version not in (0, VERSION):
        connection.close()
        raise StorageError(
            STORAGE_UNAVAILABLE, f"{path} was written by another version; delete the sandbox's folder."
        )
    if version == 0:
        connection.executescript(f"BEGIN; {DDL} PRAGMA user_version = {VERSION}; COMMIT;")
    return connection


def _commit(connection: sqlite3.Connection, batch: list[_Call]) -> None:
    try:
        connection.execute("BEGIN IMMEDIATE")
        for call in batch:
            _run(connection, call)
        connection.execute("COMMIT")
    except sqlite3.Error as error:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        for call in batch:
            call.error = StorageError(STORAGE_UNAVAILABLE, str(error))


def _run(connection: sqlite3.Connection, call: _Call) -> None:
    connection.execute("SAVEPOINT call")
    try:
        call.result = call.work(connection)
    except Exception as error:  # noqa: BLE001 - whatever it is belongs to the caller, who waits for it
        call.error = error
        connection.execute("ROLLBACK TO call")
    connection.execute("RELEASE call")
