import sqlite3
from contextlib import suppress
from typing import Final

from waypost.storage.database import Connection

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


class SqliteTransactions:
    """Implements `storage.writer.Transactions`."""

    errors: type[Exception] = sqlite3.Error

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def begin(self) -> sqlite3.Connection:
        """Take the right to write at once, so that nothing fails for want of it later."""
        self._connection.execute("BEGIN IMMEDIATE")
        return self._connection

    def probe(self, connection: Connection) -> None:
        """Find out whether a failed disk takes writes again."""
        connection.execute("UPDATE writer_probe SET count = count + 1")

    def commit(self) -> None:
        """Raises when nothing was stored."""
        self._connection.execute("COMMIT")

    def roll_back(self) -> None:
        """SQLite has already done so by itself after some errors."""
        with suppress(sqlite3.Error):
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")

    def is_lost(self, error: Exception) -> bool:
        """Whether the transaction has ended, or should."""
        if not self._connection.in_transaction:
            return True
        code = getattr(error, "sqlite_errorcode", None) if isinstance(error, sqlite3.Error) else None
        return code is not None and (code & 0xFF) in _FATAL

    def may_pass(self, error: Exception, committing: bool) -> bool:  # noqa: ARG002 - the port's signature
        """Never: there is one writer, so nobody else's work is in the way."""
        return False

    def reason(self, error: BaseException, committing: bool) -> str | None:  # noqa: ARG002
        """SQLite's own name of the error."""
        name = getattr(error, "sqlite_errorname", None)
        return f"SQLite says {name}." if name else None
