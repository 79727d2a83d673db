"""The tables of a session, and what is asked of them."""

import contextlib
from collections.abc import Callable, Iterator
from typing import Any, Final, TypeVar

import psycopg
from psycopg import sql

from waypost.engine.port import Mark
from waypost.engine.probe import account_lid
from waypost.engine.store import FENCED, Identity
from waypost.errors import STORE_NOT_WRITABLE, EngineError, StorageError
from waypost.storage.database import Connection, Database

T = TypeVar("T")

# The ratchets that a send can't do without, what proves a send, and what a logout deletes. Not the identity
# keys: a device whose key can't be stored is left out, and the message is sent all the same.
_FENCED_TABLES: Final = (
    "whatsmeow_sessions",
    "whatsmeow_sender_keys",
    "whatsmeow_message_secrets",
    "whatsmeow_device",
)
# In the order in which the library's own writes lock them: the secrets' table, then what its trigger writes.
_OURS: Final = ("make_generation", "make_order", "make_probe", "make_key_index", "make_probe_index")
# Statement, name of the trigger, tables: what a message that anybody can read has to write before it leaves,
# and what is written before that.
_NOTES: Final = (
    ("note_ratchet", "waypost_ratchet", ("whatsmeow_sessions", "whatsmeow_sender_keys")),
    ("note_began", "waypost_began", ("whatsmeow_message_secrets",)),
)


class SessionTables:
    """The statements, each for whatever schema it is given."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("sessions")

    async def change(self, unit: "Callable[[SessionTables, Connection], T]") -> T:
        """Commit `unit`. Raises EngineError."""
        with _translated():
            return await self._database.write(lambda connection: unit(self, connection))

    async def ask(self, query: "Callable[[SessionTables, Connection], T]") -> T:
        """Read. Raises EngineError."""
        with _translated():
            return await self._database.read(lambda connection: query(self, connection))

    def run(self, connection: Connection, statement: str, names: Any = None, **texts: str) -> Any:
        """One statement; `texts` take the place of the words in braces."""
        text = self._sql[statement]
        for word, put_in in texts.items():
            text = text.replace("{" + word + "}", put_in)
        return connection.execute(text, names) if names else connection.execute(text)

    def row(self, connection: Connection, statement: str, names: Any = None, **texts: str) -> Any:
        """The first row, or None."""
        return self.run(connection, statement, names, **texts).fetchone()

    def one(self, connection: Connection, statement: str, names: Any = None, **texts: str) -> Any:
        """The first row, which is there."""
        found = self.row(connection, statement, names, **texts)
        assert found is not None
        return found

    def rows(self, connection: Connection, statement: str, names: Any = None, **texts: str) -> list[Any]:
        """All rows."""
        found: list[Any] = self.run(connection, statement, names, **texts).fetchall()
        return found

    def complete(self, connection: Connection, schema: str, instance_id: str) -> None:
        """Add our tables to the library's, and the fence wherever it is missing."""
        for statement in _OURS:
            self.run(connection, statement, schema=schema)
        if self.row(connection, "has_began", {"probe": f"{schema}.waypost_probe"}) is None:
            self.run(connection, "make_began", schema=schema)
        (home,) = self.one(connection, "home")
        literals = {"instance_id": _literal(instance_id), "fenced": _literal(FENCED)}
        self.run(connection, "make_fence", schema=schema, home=home, **literals)
        for (table,) in self.rows(connection, "unfenced", {"schema": schema, "tables": list(_FENCED_TABLES)}):
            self.run(connection, "fence", schema=schema, table=quoted(table))
        order = _literal(f"{schema}.waypost_order")
        self.run(connection, "make_ratchet_notes", schema=schema, order=order)
        self.run(connection, "make_began_notes", schema=schema, order=order)
        # Ratchets first: what is begun without them would seem never to have been encrypted.
        for statement, trigger, tables in _NOTES:
            names = {"schema": schema, "tables": list(tables), "trigger": trigger}
            for (table,) in self.rows(connection, "unnoted", names):
                self.run(connection, statement, schema=schema, table=quoted(table))

    def identity(self, connection: Connection, schema: str, generation: str) -> Identity | None:
        """Who the store belongs to; `generation` is what it is called when it has no name yet."""
        device = self.row(connection, "device", schema=schema)
        if device is None:
            return None
        if generation:
            found = self.row(connection, "generation", schema=schema)
            if found is None:
                self.run(connection, "put_generation", {"generation": generation}, schema=schema)
            else:
                (generation,) = found
        return Identity(Mark(device_jid=device[0], generation=generation), account_lid(device[1]), device[2])


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        raise EngineError(STORE_NOT_WRITABLE, error.detail) from error
    except psycopg.Error as error:
        raise EngineError(STORE_NOT_WRITABLE, f"PostgreSQL says {error.sqlstate}.") from error


def quoted(name: str) -> str:
    """A name as SQL has it."""
    return sql.Identifier(name).as_string(None)


def _literal(text: str) -> str:
    return sql.Literal(text).as_string(None)
