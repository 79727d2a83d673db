from collections.abc import Sequence

import msgspec

from waypost.instances.orders import Done, Order
from waypost.nodes.notices import Notice
from waypost.storage.database import Connection, Database


class PostgresOrders:
    """Implements `instances.orders.OrderStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.dialect
        self._sql = database.dialect.statements("orders")

    async def place(self, order: Order) -> None:
        """Keep an order."""

        def unit(connection: Connection) -> None:
            connection.execute(self._sql["place"], msgspec.structs.asdict(order))
            self._dialect.publish(connection, [Notice("order", order.instance_id)])

        await self._database.write(unit)

    async def open(self, instance_ids: Sequence[str]) -> list[Order]:
        """The orders for these instances that are not done, oldest first."""
        names = {"instance_ids": msgspec.json.encode(instance_ids).decode()}
        rows = await self._database.read(lambda c: c.execute(self._sql["open"], names).fetchall())
        return [
            Order(id=row[0], instance_id=row[1], kind=row[2], made_at=row[3], payload=row[4]) for row in rows
        ]

    async def done(self, order_id: str, error_code: str | None, result: bytes | None = None) -> None:
        """Note the end of an order."""

        def unit(connection: Connection) -> None:
            names = {"id": order_id, "error_code": error_code, "result": result}
            row = connection.execute(self._sql["done"], names).fetchone()
            if row is not None:
                self._dialect.publish(connection, [Notice("ordered", row[0], order_id)])

        await self._database.write(unit)

    async def outcome(self, order_id: str) -> Done | None:
        """How the order ended, once it has."""
        names = {"id": order_id}
        row = await self._database.read(lambda c: c.execute(self._sql["outcome"], names).fetchone())
        return None if row is None else Done(row[0], row[1])

    async def remove(self, order_id: str) -> None:
        """Remove an order whose answer was taken."""
        names = {"id": order_id}
        await self._database.write(lambda connection: connection.execute(self._sql["remove"], names))

    async def forget(self, before: float) -> None:
        """Remove orders that were made before then."""
        names = {"before": before}
        await self._database.write(lambda connection: connection.execute(self._sql["forget"], names))
