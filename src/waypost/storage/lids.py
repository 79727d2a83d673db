from collections.abc import Sequence

from waypost.address import Jid
from waypost.instances.lids import Pair
from waypost.storage.database import Connection, Database

# In this order: who is known by a LID alone becomes the person with the number.
_STEPS = ("release", "put", "hand_over", "drop_contact", "merge_chat", "drop_chat")


class SqlLids:
    """Implements `instances.lids.LidStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("lids")

    async def put(self, instance_id: str, pairs: Sequence[Pair]) -> None:
        """Keep pairs in the place of what was known of their LIDs and numbers."""
        rows = [
            {"instance_id": instance_id, "lid": str(pair.lid), "number": str(pair.number)}
            for pair in sorted(pairs)
        ]

        def unit(connection: Connection) -> None:
            for row in rows:
                for step in _STEPS:
                    connection.execute(self._sql[step], row)

        await self._database.write(unit)

    async def number(self, instance_id: str, lid: Jid) -> Jid | None:
        """The number behind a LID."""
        return await self._find("number", {"instance_id": instance_id, "lid": str(lid)})

    async def lid(self, instance_id: str, number: Jid) -> Jid | None:
        """The LID of a number."""
        return await self._find("lid", {"instance_id": instance_id, "number": str(number)})

    async def _find(self, statement: str, names: dict[str, str]) -> Jid | None:
        row = await self._database.read(lambda c: c.execute(self._sql[statement], names).fetchone())
        return None if row is None else Jid.parse(row[0])
