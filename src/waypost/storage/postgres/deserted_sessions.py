"""Schemas of sessions whose instance is gone: a node that vanished while it deleted one leaves them."""

import asyncio
from typing import Final

from waypost.errors import EngineError
from waypost.storage.database import Connection, Database
from waypost.storage.postgres.session_tables import SessionTables, quoted
from waypost.telemetry import Log

_EVERY_SECONDS: Final = 3600.0
# Each has some twenty tables, all of which are locked until the commit.
_AT_ONCE: Final = 5


class DesertedSessions:
    """Takes them away."""

    def __init__(self, database: Database, log: Log) -> None:
        self._tables = SessionTables(database)
        self._database = database
        self._log = log

    async def run(self) -> None:
        """Sweep now and every hour, until cancelled."""
        while True:
            try:
                while await self.sweep() == _AT_ONCE:
                    pass
            except EngineError as error:
                self._log.warning("sessions_not_swept", code=error.code)
            await asyncio.sleep(_EVERY_SECONDS)

    async def sweep(self) -> int:
        """Drop a few; returns how many. Raises EngineError."""

        def unit(tables: SessionTables, connection: Connection) -> list[str]:
            # One node at a time: two would wait for each other's tables.
            if not self._database.dialect.try_lock(connection, "sweep sessions"):
                return []
            names = [str(row[0]) for row in tables.rows(connection, "deserted", {"limit": _AT_ONCE})]
            for name in names:
                tables.run(connection, "drop", schema=quoted(name))
            return names

        gone = await self._tables.change(unit)
        for name in gone:
            self._log.info("session_swept", schema=name)
        return len(gone)
