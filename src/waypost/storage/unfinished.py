from collections.abc import Iterable, Sequence
from itertools import groupby
from typing import Any

import msgspec

from waypost.nodes.lease import Tenure
from waypost.outbox.store import Unfinished
from waypost.storage.database import Connection, Database
from waypost.storage.rows import request_of, step_of


class UnfinishedRows:
    """Questions about requests that have not ended; the part of an `outbox.store.OutboxStore` that changes
    nothing.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._requests = database.dialect.statements("requests")
        self._steps = database.dialect.statements("steps")

    async def upcoming(
        self, tenure: Tenure, since: int, without: Sequence[str], limit: int
    ) -> list[Unfinished]:
        """The first unfinished requests of a tenure from `since` on."""
        names = {
            "instance_id": tenure.instance_id,
            "epoch": tenure.epoch,
            "since": since,
            "without": json_list(without),
            "limit": limit,
        }
        return await self._database.read(
            lambda connection: self._unfinished(
                connection, connection.execute(self._requests["upcoming"], names).fetchall()
            )
        )

    async def upcoming_of_chats(
        self, tenure: Tenure, chats: Sequence[tuple[str, int]], limit: int
    ) -> list[Unfinished]:
        """Of each chat the first unfinished requests of a tenure."""

        def query(connection: Connection) -> list[Unfinished]:
            rows: list[Any] = []
            for chat_key, since in chats:
                names = {
                    "instance_id": tenure.instance_id,
                    "epoch": tenure.epoch,
                    "chat_key": chat_key,
                    "since": since,
                    "limit": limit,
                }
                rows += connection.execute(self._requests["upcoming_of_chat"], names).fetchall()
            return self._unfinished(connection, rows)

        return await self._database.read(query)

    async def overdue(self, tenures: Sequence[Tenure], now: float, limit: int) -> list[Unfinished]:
        """Unfinished requests whose time was over at `now`."""
        names = {"tenures": json_tenures(tenures), "now": now, "limit": limit}
        return await self._database.read(
            lambda connection: self._unfinished(
                connection, connection.execute(self._requests["overdue"], names).fetchall()
            )
        )

    def _unfinished(self, connection: Connection, rows: list[Any]) -> list[Unfinished]:
        """Requests with their steps."""
        if not rows:
            return []
        requests = [request_of(row) for row in rows]
        uuids = {"uuids": json_list(request.uuid for request in requests)}
        of_requests = connection.execute(self._steps["of_requests"], uuids)
        steps = {
            uuid: [step_of(row) for row in rows]
            for uuid, rows in groupby(of_requests, key=lambda row: str(row[0]))
        }
        return [Unfinished(request, steps.get(request.uuid, [])) for request in requests]

    async def depths(self) -> dict[str, int]:
        """How many requests are unfinished, of each instance that has any."""
        return dict(await self._database.read(lambda c: c.execute(self._requests["depths"]).fetchall()))


def json_tenures(tenures: Iterable[Tenure]) -> str:
    """Tenures as a parameter, which both databases can read."""
    return msgspec.json.encode([(one.instance_id, one.epoch) for one in tenures]).decode()


def json_list(texts: Iterable[str]) -> str:
    """A list as a parameter, which both databases can read."""
    return msgspec.json.encode(list(texts)).decode()
