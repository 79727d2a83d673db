"""Session stores in PostgreSQL: a schema per instance, which one file is on a disk.

Only who holds the instance's lease may write there. The tables that a send needs have triggers that
ask the lease row, by the database's clock and the epoch that the connection was made under; a refused ratchet
aborts the send.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from waypost.engine.port import Mark, MaybeSent, NeverSent, Settlement, Unknowable
from waypost.engine.store import Identity, Pairing
from waypost.errors import NOT_CONNECTED, EngineError
from waypost.nodes.lease import Tenure
from waypost.storage.database import Connection, Database
from waypost.storage.postgres.engine_address import EngineAddress
from waypost.storage.postgres.session_tables import SessionTables, quoted

_KEEP: Final = 10_000  # probe rows; one is asked for only as long as its send is unsettled
_NAME_BYTES: Final = 63  # of a schema; PostgreSQL cuts what is longer


class PostgresSessionStores:
    """Implements `engine.store.SessionStores`; `epoch_of` tells under which epoch this node holds an instance
    now, None when it does not."""

    def __init__(
        self, database: Database, address: EngineAddress, epoch_of: Callable[[str], int | None]
    ) -> None:
        self._tables = SessionTables(database)
        self._address = address
        self._epoch_of = epoch_of

    def of(self, instance_id: str) -> "PostgresSessionStore":
        """The store of an instance. Raises EngineError(NOT_CONNECTED) when another node holds it."""
        epoch = self._epoch_of(instance_id)
        if epoch is None:
            raise _lost()
        return PostgresSessionStore(self._tables, self._address, Tenure(instance_id, epoch), self._epoch_of)


class PostgresSessionStore:
    """Implements `engine.store.SessionStore` under one tenure."""

    def __init__(
        self,
        tables: SessionTables,
        address: EngineAddress,
        tenure: Tenure,
        epoch_of: Callable[[str], int | None],
    ) -> None:
        self._tables = tables
        self._address = address
        self._tenure = tenure
        self._epoch_of = epoch_of
        self._schema = _named("session_", tenure.instance_id)

    @property
    def name(self) -> str:
        """By which the library opens it."""
        return self._address.name(self._schema, self._tenure.epoch)

    @property
    def held(self) -> bool:
        """Whether the lease is still in the epoch that this was made under."""
        return self._epoch_of(self._tenure.instance_id) == self._tenure.epoch

    async def exists(self) -> bool:
        """Whether there is a paired store."""
        names = {"device_table": f"{self._schema}.whatsmeow_device"}
        return await self._tables.ask(lambda tables, c: bool(tables.one(c, "exists", names)[0]))

    def probe(self) -> "PostgresProbe":
        """A view of the paired store."""
        return PostgresProbe(self._tables, self._schema, self._tenure.instance_id)

    async def new_pairing(self, token: str) -> "PostgresPairing":
        """A fresh store to pair in."""
        schema = _named("pairing_", f"{self._tenure.instance_id}_{token}")

        def unit(tables: SessionTables, connection: Connection) -> None:
            self._check(tables, connection)
            self._discard_pairings(tables, connection)
            tables.run(connection, "make", schema=schema)
            tables.run(connection, "make_version", schema=schema)

        await self._tables.change(unit)
        return PostgresPairing(self._tables, schema, self._address.name(schema, None))

    async def discard_pairings(self) -> None:
        """Remove what unfinished pairings left."""

        def unit(tables: SessionTables, connection: Connection) -> None:
            self._check(tables, connection)  # those of the next holder are its own
            self._discard_pairings(tables, connection)

        await self._tables.change(unit)

    async def adopt(self, pairing: Pairing) -> None:
        """Make a paired store the instance's own. Raises EngineError(NOT_CONNECTED) when the lease is
        over."""
        assert isinstance(pairing, PostgresPairing)
        schema = pairing.schema

        def unit(tables: SessionTables, connection: Connection) -> None:
            self._check(tables, connection)
            tables.run(connection, "drop", schema=self._schema)
            tables.run(connection, "rename", schema=schema, new=self._schema)
            tables.complete(connection, self._schema, self._tenure.instance_id)

        await self._tables.change(unit)

    async def discard(self) -> None:
        """Delete the store. Raises EngineError(NOT_CONNECTED) when the lease is over."""

        def unit(tables: SessionTables, connection: Connection) -> None:
            self._check(tables, connection)
            tables.run(connection, "drop", schema=self._schema)

        await self._tables.change(unit)

    def _check(self, tables: SessionTables, connection: Connection) -> None:
        names = {"instance_id": self._tenure.instance_id, "epoch": self._tenure.epoch}
        if tables.row(connection, "held", names) is None:
            raise _lost()

    def _discard_pairings(self, tables: SessionTables, connection: Connection) -> None:
        prefix = {"prefix": f"pairing_{self._tenure.instance_id}_"}
        for (left,) in tables.rows(connection, "pairings", prefix):
            tables.run(connection, "drop", schema=quoted(left))


@dataclass(frozen=True, slots=True)
class PostgresPairing:
    """Implements `engine.store.Pairing`."""

    tables: SessionTables
    schema: str
    name: str

    def __repr__(self) -> str:
        """Without the name, which holds a password."""
        return f"PostgresPairing({self.schema})"

    async def identity(self) -> Identity | None:
        """Whom it was paired with."""
        return await self.tables.ask(lambda tables, c: tables.identity(c, self.schema, ""))


class PostgresProbe:
    """Implements `engine.store.Probe`."""

    def __init__(self, tables: SessionTables, schema: str, instance_id: str) -> None:
        self._tables = tables
        self._schema = schema
        self._instance_id = instance_id
        self._complete = False

    async def identity(self) -> Identity | None:
        """Who the store belongs to; fences it first."""

        def unit(tables: SessionTables, connection: Connection) -> Identity | None:
            if not self._complete:
                tables.complete(connection, self._schema, self._instance_id)
            return tables.identity(connection, self._schema, secrets.token_hex(16))

        found = await self._tables.change(unit)
        self._complete = True
        return found

    async def write(self, secret: bytes) -> None:
        """Prove that the store takes a row now."""

        def unit(tables: SessionTables, connection: Connection) -> None:
            (number,) = tables.one(connection, "probe", {"secret": secret}, schema=self._schema)
            if number % 1000 == 0:
                tables.run(connection, "forget_probes", {"number": number - _KEEP}, schema=self._schema)

        await self._tables.change(unit)

    async def settle(self, secret: bytes, mark: Mark) -> Settlement:
        """What became of a send."""
        identity = await self.identity()
        if identity is None or identity.mark != mark:
            return Unknowable(reason="The session was paired anew since.")
        names = {"secret": secret}
        row = await self._tables.ask(lambda tables, c: tables.row(c, "secret", names, schema=self._schema))
        if row is None:
            return NeverSent()
        message_id, encrypted = row
        # The library stores the ratchets before the frame leaves: without, nobody could have read it.
        return MaybeSent(message_id=message_id) if encrypted else NeverSent()

    async def close(self) -> None:
        """Look at everything again when it is next asked."""
        self._complete = False


def _named(prefix: str, name: str) -> str:
    if len(f"{prefix}{name}".encode()) > _NAME_BYTES:
        raise ValueError("the id of the instance is too long for the name of a schema")
    return quoted(f"{prefix}{name}")


def _lost() -> EngineError:
    return EngineError(NOT_CONNECTED, "This node does not hold the instance.")
