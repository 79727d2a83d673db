from collections.abc import Sequence

from waypost.address import Jid
from waypost.instances.messages import Message
from waypost.storage.database import Database


class SqlMessages:
    """Implements `instances.messages.MessageStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("messages")

    async def put(self, messages: Sequence[Message]) -> None:
        """Keep messages for later quotes; one that is there already stays as it is."""
        rows = [
            (one.instance_id, one.message_id, one.chat, one.sender, one.from_me, one.timestamp, one.content)
            for one in messages
        ]
        await self._database.write(lambda connection: connection.executemany(self._sql["put"], rows))

    async def find(self, instance_id: str, message_id: str) -> list[Message]:
        """The messages with that id, newest first: ids are unique per sender only."""
        rows = await self._database.read(
            lambda connection: connection.execute(
                self._sql["find"], {"instance": instance_id, "message": message_id}
            ).fetchall()
        )
        return [
            Message(
                instance_id=instance_id,
                message_id=row[0],
                chat=row[1],
                sender=str(Jid.parse(row[2]).bare),
                from_me=bool(row[3]),
                timestamp=row[4],
                content=row[5],
            )
            for row in rows
        ]

    async def delete_older(self, than: float, limit: int) -> int:
        """Forget messages sent before `than`, at most `limit`."""
        names = {"than": int(than), "limit": limit}
        return await self._database.write(
            lambda connection: connection.execute(self._sql["delete_older"], names).rowcount
        )
