import msgspec

from waypost.storage.database import Connection, Database


class QueueFigure(msgspec.Struct, frozen=True):
    """Unfinished requests in one state: how many, and when the oldest came (seconds since the epoch).
    `held`: they were told to wait until a time.
    """

    state: str
    held: bool
    count: int
    oldest: float


class DeliveryFigures(msgspec.Struct, frozen=True):
    """Deliveries to webhooks; `oldest` is when the oldest pending one was made."""

    pending: int
    dead: int
    oldest: float | None


class SqlFigures:
    """What the whole database holds, counted. Reads all unfinished rows: not for every call."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("figures")

    async def queue(self, now: float, expires: float) -> list[QueueFigure]:
        """Unfinished requests by state. `expires` is the time, in seconds, after which requests do. Raises
        StorageError.
        """
        names = {"now": now, "expires": expires}
        rows = await self._database.read(lambda c: c.execute(self._sql["queue"], names).fetchall())
        return [QueueFigure(state, bool(held), count, oldest) for state, held, count, oldest in rows]

    async def deliveries(self) -> DeliveryFigures:
        """Deliveries to webhooks. Raises StorageError."""

        def query(connection: Connection) -> DeliveryFigures:
            pending, first = connection.execute(self._sql["pending"]).fetchone()
            dead = connection.execute(self._sql["dead"]).fetchone()[0]
            made = None if first is None else connection.execute(self._sql["made"], (first,)).fetchone()[0]
            return DeliveryFigures(pending, dead, made)

        return await self._database.read(query)
