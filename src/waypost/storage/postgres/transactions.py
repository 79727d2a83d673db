from typing import Final

import psycopg

from waypost.storage.database import Connection
from waypost.storage.postgres.link import Link, PostgresConnection, Unreachable

WRITE: Final = "ISOLATION LEVEL READ COMMITTED READ WRITE"
# Classes of SQLSTATE after which the transaction as a whole is lost: connection, read-only server, rollback
# forced by others, resources, operator, system, internal. All others concern one statement.
_FATAL: Final = ("08", "25", "40", "53", "57", "58", "XX")
_LOCK_NOT_AVAILABLE: Final = "55P03"
_IN_FAILED_TRANSACTION: Final = "25P02"
# Serialization failure and deadlock: somebody else was in the way, once.
_MET_SOMEBODY: Final = frozenset({"40001", "40P01"})


class PostgresTransactions:
    """Implements `storage.writer.Transactions`."""

    errors: type[Exception] = psycopg.Error

    def __init__(self, link: Link) -> None:
        self._link = link

    def begin(self) -> PostgresConnection:
        """Connect where that is needed, and begin."""
        return self._link.begin()

    def probe(self, connection: Connection) -> None:
        """Find out whether the server takes writes again."""
        connection.execute("UPDATE writer_probe SET count = count + 1")

    def commit(self) -> None:
        """When the connection is lost during this, it is not known whether it was stored."""
        self._link.commit()

    def roll_back(self) -> None:
        """Leave the transaction; raises nothing."""
        self._link.roll_back()

    def is_lost(self, error: Exception) -> bool:
        """Whether the transaction can't go on."""
        if not self._link.in_transaction:
            return True
        state = getattr(error, "sqlstate", None) or "" if isinstance(error, psycopg.Error) else ""
        return state == _LOCK_NOT_AVAILABLE or (state.startswith(_FATAL) and state != _IN_FAILED_TRANSACTION)

    def may_pass(self, error: Exception, committing: bool) -> bool:
        """A deadlock passes; so does a connection lost before COMMIT was sent, for one that can be made."""
        if isinstance(error, psycopg.Error) and error.sqlstate in _MET_SOMEBODY:
            return True
        return not committing and not self._link.connected and not isinstance(error, Unreachable)

    def reason(self, error: BaseException, committing: bool) -> str | None:
        """PostgreSQL's own code of the error, or why nobody knows."""
        if isinstance(error, Unreachable):
            return "PostgreSQL can't be reached."
        if not self._link.connected:
            if committing:
                return "The connection to PostgreSQL was lost during the commit; it may be stored."
            return "The connection to PostgreSQL was lost."
        state = getattr(error, "sqlstate", None)
        return f"PostgreSQL says {state}." if state else None
