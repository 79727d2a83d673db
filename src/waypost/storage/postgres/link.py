import socket
import threading
import time
from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Final

import psycopg
from psycopg import sql

from waypost.storage.postgres.target import Target

CHANNEL: Final = "waypost"
# How much longer than a statement may take we wait for a server that says nothing at all.
_GRACE_SECONDS: Final = 3.0


class Unreachable(psycopg.OperationalError):
    """No connection can be made; the text is libpq's, which names the server and the user."""


class PostgresConnection:
    """Implements `storage.database.Connection` on one of psycopg's."""

    __slots__ = ("notices", "raw")

    def __init__(self, raw: "psycopg.Connection[tuple[Any, ...]]") -> None:
        self.raw = raw
        self.notices: dict[str, None] = {}

    def execute(self, statement: str, parameters: Any = None, /) -> "psycopg.Cursor[tuple[Any, ...]]":
        """Run one statement."""
        return self.raw.execute(statement, parameters)

    def executemany(self, statement: str, parameters: Iterable[Any], /) -> None:
        """Run one statement for each of many sets of parameters, in one round trip."""
        with self.raw.cursor() as cursor:
            cursor.executemany(statement, parameters)


class Link:
    """One thread's way to the server: a connection that is made when it is needed and made again when it is
    lost. `cut_if_stuck` may be called by another thread.
    """

    def __init__(self, target: Target, mode: str) -> None:
        self._target = target
        self._begin = target.begin(mode)
        self._connection: PostgresConnection | None = None
        self._lock = threading.Lock()
        self._busy_since: float | None = None

    @property
    def connected(self) -> bool:
        """Whether there is a connection, as far as is known."""
        return self._connection is not None and not self._connection.raw.closed

    @property
    def in_transaction(self) -> bool:
        """Whether a transaction is open, be it that it can only be undone."""
        if self._connection is None or self._connection.raw.closed:
            return False
        return self._connection.raw.info.transaction_status != psycopg.pq.TransactionStatus.IDLE

    def begin(self) -> PostgresConnection:
        """Begin a transaction. A connection that has died in idleness is replaced. Raises psycopg.Error."""
        self._mark(time.monotonic())
        if self.connected:
            with suppress(psycopg.Error):
                return self._open()
        self.close()
        try:
            self._connection = PostgresConnection(self._target.connect())
        except psycopg.Error as error:
            raise Unreachable(str(error)) from error
        self._mark(time.monotonic())
        return self._open()

    def commit(self) -> None:
        """Commit, then tell what is to be told. Raises psycopg.Error."""
        assert self._connection is not None
        # A transaction in which an error was passed over is undone by this without a word.
        if self._connection.raw.execute("COMMIT").statusmessage != "COMMIT":
            raise psycopg.InternalError("the transaction was undone")
        with suppress(psycopg.Error):
            self._tell(self._connection)
        self._mark(None)

    def roll_back(self) -> None:
        """Leave the transaction; a connection that can't is given up. Raises nothing."""
        try:
            if self._connection is not None and self.in_transaction:
                self._connection.raw.execute("ROLLBACK")
        except psycopg.Error:
            self.close()
        self._mark(None)

    def close(self) -> None:
        """Give the connection up."""
        with self._lock:
            self._busy_since = None
            connection, self._connection = self._connection, None
        if connection is not None:
            with suppress(psycopg.Error):
                connection.raw.close()

    def cut_if_stuck(self) -> bool:
        """Cut a connection whose transaction takes longer than the server would let it: the server is halted
        or out of reach. Its thread goes on with an error then.
        """
        with self._lock:
            since, connection = self._busy_since, self._connection
            limit = self._target.patience + _GRACE_SECONDS
            if since is None or connection is None or time.monotonic() - since < limit:
                return False
            with suppress(OSError, psycopg.Error), socket.socket(fileno=connection.raw.fileno()) as cut:
                try:
                    cut.shutdown(socket.SHUT_RDWR)
                finally:
                    cut.detach()
            return True

    def _open(self) -> PostgresConnection:
        connection = self._connection
        assert connection is not None
        connection.notices.clear()
        # More than one statement at once, which can't be prepared.
        connection.raw.execute(self._begin, prepare=False)
        return connection

    def _tell(self, connection: PostgresConnection) -> None:
        """After the commit and not within it: while it is told, nobody else who tells may commit, and that
        would include the sync of the disk. A notice that is lost here costs a second.
        """
        if not connection.notices:
            return
        calls = [
            sql.SQL("SELECT pg_notify({}, {})").format(sql.Literal(CHANNEL), sql.Literal(notice))
            for notice in connection.notices
        ]
        connection.notices.clear()
        begin = sql.SQL("BEGIN; SET LOCAL synchronous_commit = off; ")
        connection.raw.execute(begin + sql.SQL("; ").join(calls) + sql.SQL("; COMMIT"), prepare=False)

    def _mark(self, since: float | None) -> None:
        with self._lock:
            self._busy_since = since
