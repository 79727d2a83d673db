import sqlite3
from collections.abc import Iterable

from waypost.outbox.receipts import Heard, status
from waypost.outbox.request import MessageStatus
from waypost.outbox.store import Arrived, Told
from waypost.storage.sqlite.statements import statements


class ReceiptRows:
    """What receipts have told, joined with the steps whose messages they are about; used within a unit of
    work."""

    def __init__(self) -> None:
        self._sql = statements("receipts")
        self._steps = statements("steps")

    def put(self, connection: sqlite3.Connection, told: Iterable[Heard]) -> list[Arrived]:
        """Keep receipts; returns the requests that waited for one of them."""
        messages: dict[tuple[str, str], None] = {}
        for one in told:
            connection.execute(
                self._sql["put"],
                {
                    "instance_id": one.instance_id,
                    "message_id": one.message_id,
                    "participant": one.participant,
                    "rank": one.rank,
                    "at": one.at,
                    "retry_at": one.retry_at,
                },
            )
            messages[one.instance_id, one.message_id] = None
        return [arrived for message in messages for arrived in self._join(connection, *message)]

    def told(self, connection: sqlite3.Connection, instance_id: str, message_id: str, chat: str) -> Told:
        """What is known of a message."""
        names = {"instance_id": instance_id, "message_id": message_id}
        rows: list[tuple[str, int]] = connection.execute(self._sql["of_message"], names).fetchall()
        return Told(True, bool(rows), status(chat, rows) if rows else None)

    def give_up(self, connection: sqlite3.Connection, since: float, limit: int) -> int:
        """Mark what a recipient asked for again before `since` and never got."""
        rows = connection.execute(self._sql["give_up"], {"since": since, "limit": limit}).fetchall()
        for instance_id, message_id in set(rows):
            self._join(connection, instance_id, message_id)
        return len(rows)

    def forget(self, connection: sqlite3.Connection, before: float, limit: int) -> int:
        """Remove receipts from before that time."""
        return connection.execute(self._sql["forget"], {"before": before, "limit": limit}).rowcount

    def _join(self, connection: sqlite3.Connection, instance_id: str, message_id: str) -> list[Arrived]:
        names = {"instance_id": instance_id, "message_id": message_id}
        arrived = []
        for uuid, number, chat, state, shown in connection.execute(
            self._steps["of_message"], names
        ).fetchall():
            now: MessageStatus | None = self.told(connection, instance_id, message_id, chat or "").status
            if now != shown:
                connection.execute(self._steps["set_status"], {"status": now, "uuid": uuid, "number": number})
            if state == "unknown":
                arrived.append(Arrived(instance_id, uuid))
        return arrived
