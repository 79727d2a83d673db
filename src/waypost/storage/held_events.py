from collections.abc import Sequence

from waypost.chats.store import FileKey, HeldEvent
from waypost.storage.database import Connection, Database


class SqlHeldEvents:
    """Implements `chats.store.HeldStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("held_events")

    async def put(self, events: Sequence[HeldEvent]) -> None:
        """Hold events in this order; one with a key that is there stays where it is."""
        rows = [
            (
                one.instance_id,
                one.key,
                one.chat,
                one.event,
                one.until,
                one.file.message_id if one.file else None,
                one.file.sender if one.file else None,
            )
            for one in events
        ]

        def unit(connection: Connection) -> None:
            for row in rows:
                connection.execute(self._sql["put"], row)

        await self._database.write(unit)

    async def chats(self, instance_ids: Sequence[str]) -> set[tuple[str, str]]:
        """(instance, chat) of what is held of these instances."""

        def unit(connection: Connection) -> set[tuple[str, str]]:
            found: set[tuple[str, str]] = set()
            for one in instance_ids:
                rows = connection.execute(self._sql["chats"], {"instance_id": one}).fetchall()
                found |= {(instance_id, chat) for instance_id, chat in rows}
            return found

        return await self._database.read(unit)

    async def after(self, seq: int, limit: int) -> list[HeldEvent]:
        """What is held behind a place, in order."""
        names = {"seq": seq, "limit": limit}
        rows = await self._database.read(lambda c: c.execute(self._sql["after"], names).fetchall())
        return [
            HeldEvent(
                seq=row[0],
                instance_id=row[1],
                key=row[2],
                chat=row[3],
                event=row[4],
                until=row[5],
                file=None if row[6] is None else FileKey(row[1], row[6], row[7]),
            )
            for row in rows
        ]

    async def remove(self, seqs: Sequence[int]) -> None:
        """They were told."""
        rows = [(seq,) for seq in seqs]
        await self._database.write(lambda connection: connection.executemany(self._sql["remove"], rows))
