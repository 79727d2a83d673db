from collections.abc import Collection, Sequence
from typing import Any

from waypost.chats.store import FileKey, HeldEvent, StoredFile
from waypost.storage.database import Connection, Database
from waypost.storage.media import file_of, names_of


class SqlHeldEvents:
    """Implements `chats.store.HeldStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("held_events")
        self._media = database.dialect.statements("media")

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

    async def standing(
        self, chats: Collection[tuple[str, str]], files: Collection[FileKey]
    ) -> tuple[set[tuple[str, str]], dict[FileKey, StoredFile]]:
        """Those of these chats of which something is held, and those of these files that wait for nothing."""
        asked = [{"instance_id": instance_id, "chat": chat} for instance_id, chat in chats]

        def query(connection: Connection) -> tuple[set[tuple[str, str]], dict[FileKey, StoredFile]]:
            held = {
                (one["instance_id"], one["chat"])
                for one in asked
                if connection.execute(self._sql["has"], one).fetchone() is not None
            }
            rows = [connection.execute(self._media["find"], names_of(key)).fetchone() for key in files]
            known = [file_of(row) for row in rows if row is not None]
            return held, {file.key: file for file in known if file.state != "wanted"}

        return await self._database.read(query)

    async def ready(self, after: int, now: float, limit: int) -> list[tuple[HeldEvent, StoredFile | None]]:
        """What waits for nothing any more, behind a place and in order."""
        names = {"seq": after, "now": now, "limit": limit}
        rows = await self._database.read(lambda c: c.execute(self._sql["ready"], names).fetchall())
        return [(_held(row), _file(row)) for row in rows]

    async def next_until(self, now: float) -> float | None:
        """When the next of them keeps no others waiting any more."""
        row = await self._database.read(lambda c: c.execute(self._sql["next_until"], {"now": now}).fetchone())
        return None if row is None or row[0] is None else float(row[0])

    async def remove(self, seqs: Sequence[int]) -> None:
        """They were told."""
        rows = [(seq,) for seq in seqs]
        await self._database.write(lambda connection: connection.executemany(self._sql["remove"], rows))


def _held(row: tuple[Any, ...]) -> HeldEvent:
    return HeldEvent(
        seq=row[0],
        instance_id=row[1],
        key=row[2],
        chat=row[3],
        event=row[4],
        until=row[5],
        file=None if row[6] is None else FileKey(row[1], row[6], row[7]),
    )


def _file(row: tuple[Any, ...]) -> StoredFile | None:
    return None if row[8] is None else file_of((row[1], row[6], row[7], *row[8:]))
