"""LISTEN needs a session: it goes straight to the server, past any pooler, on a connection of its own."""

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import aclosing
from typing import Final

import msgspec
import psycopg

from waypost.nodes.notices import Notice
from waypost.storage.database import Database
from waypost.storage.postgres.link import CHANNEL
from waypost.storage.postgres.target import Target

# A server that is silent for this long is asked whether it is there.
_SILENCE_SECONDS: Final = 5.0
_ANSWER_SECONDS: Final = 5.0
_PAUSE_SECONDS: Final = 0.5

_DECODER: Final = msgspec.json.Decoder(Notice)


class PostgresNotices:
    """Implements `nodes.notices.Notices`."""

    def __init__(self, database: Database, target: Target) -> None:
        self._database = database
        self._target = target.straight

    async def listen(self) -> AsyncIterator[Notice]:
        """Every notice from now on; `missed` at first and after each interruption."""
        while True:
            try:
                async with asyncio.timeout(_ANSWER_SECONDS):
                    connection = await self._connect()
                try:
                    yield Notice("missed")
                    async with aclosing(_heard(connection)) as heard:
                        async for notice in heard:
                            yield notice
                finally:
                    await connection.close()
            except (psycopg.Error, TimeoutError, OSError):
                await asyncio.sleep(_PAUSE_SECONDS)

    async def publish(self, notices: Sequence[Notice]) -> None:
        """Tell all nodes. Raises StorageError."""
        await self._database.write(lambda c: self._database.dialect.publish(c, notices))

    async def _connect(self) -> "psycopg.AsyncConnection[tuple[object, ...]]":
        connection = await psycopg.AsyncConnection.connect(**self._target.conninfo(), autocommit=True)
        try:
            await connection.execute(f"LISTEN {CHANNEL}")
        except BaseException:
            await connection.close()
            raise
        return connection


async def _heard(connection: "psycopg.AsyncConnection[tuple[object, ...]]") -> AsyncGenerator[Notice, None]:
    """Notices until the connection is lost. Raises psycopg.Error, TimeoutError."""
    while True:
        async with aclosing(connection.notifies(timeout=_SILENCE_SECONDS)) as told:
            async for one in told:
                # Another release may tell what this one does not know.
                try:
                    yield _DECODER.decode(one.payload)
                except msgspec.DecodeError:
                    continue
        async with asyncio.timeout(_ANSWER_SECONDS):
            await connection.execute("SELECT 1")
