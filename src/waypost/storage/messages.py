from collections.abc import Sequence
from typing import Any

from waypost.chats.directory import bare
from waypost.chats.reading import ABOUT_OTHERS
from waypost.instances.messages import Message
from waypost.storage.database import Connection, Database, Dialect


class MessageRows:
    """The messages of all instances; used within a unit of work."""

    def __init__(self, dialect: Dialect) -> None:
        self._sql = dialect.statements("messages")

    def put(self, connection: Connection, messages: Sequence[Message]) -> None:
        """Keep messages; one that is there already stays as it is."""
        connection.executemany(self._sql["put"], [_row(one) for one in messages])
        latest: dict[tuple[str, str], int] = {}
        for one in messages:
            if one.names is not None and one.kind not in ABOUT_OTHERS:
                place = (one.instance_id, one.chat)
                latest[place] = max(one.timestamp, latest.get(place, one.timestamp))
        rows = [
            {"instance_id": instance_id, "chat": chat, "latest": at}
            for (instance_id, chat), at in sorted(latest.items())
        ]
        connection.executemany(self._sql["note_chat"], rows)


class SqlMessages:
    """Implements `instances.messages.MessageStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._rows = MessageRows(database.dialect)
        self._sql = database.dialect.statements("messages")

    async def put(self, messages: Sequence[Message]) -> None:
        """Keep messages for later quotes; one that is there already stays as it is."""
        await self._database.write(lambda connection: self._rows.put(connection, messages))

    async def find(self, instance_id: str, message_id: str) -> list[Message]:
        """The messages with that id, newest first: ids are unique per sender only."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                self._sql["find"], {"instance": instance_id, "message": message_id}
            ).fetchall()
        )
        return [message_of(instance_id, row) for row in rows]

    async def delete_older(self, than: float, limit: int) -> int:
        """Forget messages sent before `than`, at most `limit`."""
        names = {"than": int(than), "limit": limit}

        def unit(connection: Connection) -> int:
            deleted = connection.execute(self._sql["delete_older"], names).rowcount
            if deleted < limit:
                connection.execute(self._sql["forget_chats"], {"than": int(than)})
            return deleted

        return await self._database.write(unit)


def message_of(instance_id: str, row: tuple[Any, ...]) -> Message:
    """A row of `find` or `history`."""
    return Message(
        instance_id=instance_id,
        message_id=row[0],
        chat=row[1],
        sender=bare(row[2]),
        from_me=bool(row[3]),
        timestamp=row[4],
        content=row[5],
        kind=row[6],
        names=row[7],
        push_name=row[8],
        secret=row[9],
        source=row[10],
        seen=bool(row[11]),
        edited_at=row[12],
        revoked_at=row[13],
        place=row[14],
    )


def _row(one: Message) -> tuple[Any, ...]:
    return (
        one.instance_id,
        one.message_id,
        one.chat,
        one.sender,
        one.from_me,
        one.timestamp,
        one.content,
        one.kind,
        one.names,
        one.push_name,
        one.secret,
        one.source,
        one.seen,
        *(one.instance_id, one.chat, one.timestamp, one.timestamp),
        *(one.instance_id, one.instance_id, one.chat, one.timestamp, one.timestamp) * 2,
    )
