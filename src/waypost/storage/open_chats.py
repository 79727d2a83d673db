from collections.abc import Iterable

from waypost.outbox.open_chats import Lately, OpenChat
from waypost.storage.database import Connection, Database


class SqlOpenChats:
    """Implements `outbox.open_chats.OpenChatStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("open_chats")

    async def open(self, chats: Iterable[OpenChat], at: float) -> None:
        """They have written in these chats."""
        rows = [{"instance_id": one.instance_id, "chat": one.chat, "at": at, "ours": False} for one in chats]

        def unit(connection: Connection) -> None:
            for row in rows:
                connection.execute(self._sql["open"], row)

        await self._database.write(unit)

    async def is_open(self, instance_id: str, chat: str) -> bool:
        """Whether anybody has written in this chat, by whatever name."""
        names = {"instance_id": instance_id, "chat": chat}
        row = await self._database.read(lambda c: c.execute(self._sql["is_open"], names).fetchone())
        return row is not None

    async def lately(self, instance_id: str, since: float, limit: int) -> Lately:
        """What was sent since then, the newest `limit`."""
        names = {"instance_id": instance_id, "since": since}

        def unit(connection: Connection) -> Lately:
            sends = connection.execute(self._sql["sends"], names | {"limit": limit}).fetchall()
            firsts = connection.execute(self._sql["firsts"], names).fetchall()
            return Lately([at for (at,) in reversed(sends)], [at for (at,) in firsts])

        return await self._database.read(unit)

    async def forget(self, instance_id: str) -> None:
        """The instance is gone."""
        names = {"instance_id": instance_id}
        await self._database.write(lambda connection: connection.execute(self._sql["forget"], names))
