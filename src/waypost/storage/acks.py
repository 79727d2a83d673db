from collections.abc import Mapping, Sequence
from typing import Final, cast

from waypost.chats.bubble import Ack
from waypost.outbox.receipts import status
from waypost.storage.database import Connection, Database

_KNOWN: Final = frozenset({"ERROR", "SENT", "DELIVERED", "READ", "PLAYED"})


class SqlAcks:
    """Implements `chats.conversation.Acks`: receipts by message id, whoever has sent the message."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._receipts = database.dialect.statements("receipts")
        self._steps = database.dialect.statements("steps")

    async def of(self, instance_id: str, messages: Sequence[tuple[str, str]]) -> Mapping[str, Ack]:
        """How far messages have come, from (id, chat JID) of each."""
        if not messages:
            return {}

        def query(connection: Connection) -> dict[str, Ack]:
            found = {}
            for message_id, chat in messages:
                ack = self._ack(connection, instance_id, message_id, chat)
                if ack is not None:
                    found[message_id] = ack
            return found

        return await self._database.read(query)

    def _ack(self, connection: Connection, instance_id: str, message_id: str, chat: str) -> Ack | None:
        names = {"instance_id": instance_id, "message_id": message_id}
        told = connection.execute(self._receipts["of_message"], names).fetchall()
        if not told:
            return None
        sent = connection.execute(self._steps["of_message"], names).fetchone()
        found = status(chat, told, None if sent is None else sent[5])
        return cast("Ack", found) if found in _KNOWN else None
