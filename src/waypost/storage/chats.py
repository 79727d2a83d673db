from collections.abc import Sequence
from typing import Any

from waypost.chats.store import FIRST, MOST_UNSEEN, ChatRow, StoredFile, Unseen
from waypost.instances.messages import Message
from waypost.storage.database import Connection, Database
from waypost.storage.messages import MessageRows, SqlMessages, message_of


class SqlChats:
    """Implements `chats.store.ChatStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._messages = MessageRows(database.dialect)
        self._found = SqlMessages(database)
        self._sql = database.dialect.statements("messages")
        self._media = database.dialect.statements("media")

    async def keep(self, messages: Sequence[Message], files: Sequence[StoredFile], now: float) -> None:
        """Keep messages and the files that they want, in one commit."""
        wanted = [
            {
                "instance_id": one.key.instance_id,
                "message_id": one.key.message_id,
                "sender": one.key.sender,
                "state": one.state,
                "at": now,
                "mimetype": one.mimetype,
                "filename": one.filename,
                "size": one.size,
                "error": one.error,
            }
            for one in files
        ]

        def unit(connection: Connection) -> None:
            self._messages.put(connection, messages)
            for names in wanted:
                connection.execute(self._media["want"], names)

        await self._database.write(unit)

    async def find(self, instance_id: str, message_id: str) -> list[Message]:
        """The messages with that id, newest first."""
        return await self._found.find(instance_id, message_id)

    async def revoke(self, message: Message, at: float) -> None:
        """It was taken back."""
        names = {
            "instance_id": message.instance_id,
            "message_id": message.message_id,
            "sender": message.sender,
            "at": at,
        }
        await self._database.write(lambda connection: connection.execute(self._sql["revoke"], names))

    async def edit(self, message: Message, content: bytes | None, names: bytes, at: float) -> None:
        """It says something else."""
        values = {
            "instance_id": message.instance_id,
            "message_id": message.message_id,
            "sender": message.sender,
            "content": content,
            "names": names,
            "at": at,
        }
        await self._database.write(lambda connection: connection.execute(self._sql["edit"], values))

    async def history(
        self, instance_id: str, chats: Sequence[str], before: tuple[int, str], limit: int
    ) -> list[Message]:
        """Messages of a chat before a (timestamp, id), the one that came last first."""
        names = _history(instance_id, chats, before, limit)
        rows = await self._database.read(lambda c: c.execute(self._sql["history"], names).fetchall())
        return [message_of(instance_id, row) for row in rows]

    async def latest(self, instance_id: str, chats: Sequence[Sequence[str]]) -> list[Message | None]:
        """The latest message of each of several chats."""
        asked = [_history(instance_id, one, FIRST, 1) for one in chats]
        rows = await self._database.read(
            lambda c: [c.execute(self._sql["history"], names).fetchone() for names in asked]
        )
        return [None if row is None else message_of(instance_id, row) for row in rows]

    async def about(self, instance_id: str, chats: Sequence[str], since: int, limit: int) -> list[Message]:
        """Reactions and votes in a chat since then, oldest first."""
        names = {
            "instance_id": instance_id,
            "chat": chats[0],
            "other": chats[-1],
            "since": since,
            "limit": limit,
        }
        rows = await self._database.read(lambda c: c.execute(self._sql["about"], names).fetchall())
        return [message_of(instance_id, row) for row in rows]

    async def chats(
        self, instance_id: str, before: tuple[int, str], limit: int, offset: int = 0
    ) -> list[ChatRow]:
        """The chats with messages behind a (latest, chat), the one with the latest first."""
        names = {
            "instance_id": instance_id,
            "before": before[0],
            "before_chat": before[1],
            "limit": limit,
            "offset": offset,
            "counted": MOST_UNSEEN,
        }
        rows = await self._database.read(lambda c: c.execute(self._sql["chats"], names).fetchall())
        return [ChatRow(chat, latest, min(unseen, MOST_UNSEEN), lid) for chat, lid, latest, unseen in rows]

    async def unseen(self, instance_id: str, chats: Sequence[str], since: float, limit: int) -> list[Unseen]:
        """Messages of others that were not read, newest first."""
        names = {
            "instance_id": instance_id,
            "chat": chats[0],
            "other": chats[-1],
            "since": int(since),
            "limit": limit,
        }
        rows = await self._database.read(lambda c: c.execute(self._sql["unseen"], names).fetchall())
        return [Unseen(*row) for row in rows]

    async def see(self, instance_id: str, message_ids: Sequence[str]) -> None:
        """They were read."""
        rows = [{"instance_id": instance_id, "message_id": one} for one in message_ids]

        def unit(connection: Connection) -> None:
            for row in rows:
                connection.execute(self._sql["seen"], row)

        await self._database.write(unit)


def _history(instance_id: str, chats: Sequence[str], before: tuple[int, str], limit: int) -> dict[str, Any]:
    return {
        "instance_id": instance_id,
        "chat": chats[0],
        "other": chats[-1],
        "before": before[0],
        "before_id": before[1],
        "limit": limit,
    }
