from collections.abc import Sequence
from typing import Any

import msgspec

from waypost.nodes.lease import Census, Load, Node, Tenure
from waypost.nodes.notices import Notice
from waypost.storage.database import Connection, Database


class PostgresLeases:
    """Implements `nodes.store.LeaseStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.dialect
        self._sql = database.dialect.statements("leases")

    async def renew(self, node: Node, ttl: float) -> list[Tenure]:
        """Say that `node` is alive, and hold what it holds for another `ttl`."""
        names = {
            "node_id": node.node_id,
            "name": node.name,
            "url": node.url,
            "started_at": node.started_at,
            "draining": node.draining,
            "ttl": ttl,
        }

        def unit(connection: Connection) -> list[Tenure]:
            connection.execute(self._sql["see"], names)
            return [Tenure(*row) for row in connection.execute(self._sql["renew"], names)]

        return await self._database.write(unit)

    async def claim(self, node_id: str, ttl: float, limit: int) -> list[Tenure]:
        """Take up to `limit` leases that are free or expired."""
        names = {"node_id": node_id, "ttl": ttl, "limit": limit}
        return await self._database.write(
            lambda connection: [Tenure(*row) for row in connection.execute(self._sql["claim"], names)]
        )

    async def free(self, node_id: str, tenures: Sequence[Tenure]) -> None:
        """Give up leases."""
        pairs = [(tenure.instance_id, tenure.epoch) for tenure in tenures]
        names = {"node_id": node_id, "tenures": msgspec.json.encode(pairs).decode()}

        def unit(connection: Connection) -> None:
            connection.execute(self._sql["free"], names)
            self._dialect.publish(connection, [Notice("leases")])

        await self._database.write(unit)

    async def leave(self, node_id: str) -> None:
        """Forget the node, and give up whatever it still holds."""

        def unit(connection: Connection) -> None:
            connection.execute(self._sql["forget"], {"node_id": node_id})
            connection.execute(self._sql["free_all"], {"node_id": node_id})
            self._dialect.publish(connection, [Notice("leases")])

        await self._database.write(unit)

    async def census(self, within: float) -> Census:
        """The nodes that were seen lately, and their leases."""

        def query(connection: Connection) -> Census:
            count, next_end = connection.execute(self._sql["count"]).fetchone()
            rows = connection.execute(self._sql["alive"], {"within": within})
            return Census(
                count,
                [Load(_node(row[:5]), row[5], row[6]) for row in rows],
                next_end,
            )

        return await self._database.read(query)

    async def owners(self) -> dict[str, Node]:
        """The nodes that hold instances now, by instance id."""
        rows = await self._database.read(lambda c: c.execute(self._sql["owners"]).fetchall())
        return {row[0]: _node(row[1:]) for row in rows}


def _node(row: Sequence[Any]) -> Node:
    return Node(node_id=row[0], name=row[1], url=row[2], started_at=row[3], draining=row[4])
