from collections.abc import Iterable

from waypost.chats.untold import NotTaken
from waypost.outbox.receipts import Heard, status
from waypost.outbox.request import MessageStatus, Receipt
from waypost.outbox.store import Arrived, Told
from waypost.storage.database import Connection, Dialect
from waypost.storage.untold import UntoldRows


class ReceiptRows:
    """What receipts have told, joined with the steps whose messages they are about; used within a unit of
    work."""

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._sql = dialect.statements("receipts")
        self._steps = dialect.statements("steps")
        self._untold = UntoldRows(dialect)

    def put(self, connection: Connection, told: Iterable[Heard]) -> list[Arrived]:
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

    def told(
        self,
        connection: Connection,
        instance_id: str,
        message_id: str,
        chat: str,
        recipients: int | None = None,
    ) -> Told:
        """What is known of a message.

        Whoever stores a message's id looks here, and whoever stores a receipt looks for that id: one of the
        two has to see the other.
        """
        self._dialect.lock(connection, f"{instance_id}/{message_id}")
        return self._told(connection, instance_id, message_id, chat, recipients)

    def each(self, connection: Connection, instance_id: str, message_id: str) -> list[Receipt]:
        """How far each participant is, who was heard last first."""
        names = {"instance_id": instance_id, "message_id": message_id}
        rows = connection.execute(self._sql["each"], names).fetchall()
        return [Receipt(row[0], status("", [(row[0], row[1])]), row[2]) for row in rows]

    def give_up(self, connection: Connection, since: float, limit: int) -> int:
        """Mark what a recipient asked for again before `since` and never got."""
        rows = connection.execute(self._sql["give_up"], {"since": since, "limit": limit}).fetchall()
        for instance_id, message_id in set(rows):
            self._join(connection, instance_id, message_id, given_up_at=since)
        return len(rows)

    def forget(self, connection: Connection, before: float, limit: int) -> int:
        """Remove receipts from before that time."""
        return connection.execute(self._sql["forget"], {"before": before, "limit": limit}).rowcount

    def _join(
        self, connection: Connection, instance_id: str, message_id: str, given_up_at: float | None = None
    ) -> list[Arrived]:
        self._dialect.lock(connection, f"{instance_id}/{message_id}")
        names = {"instance_id": instance_id, "message_id": message_id}
        arrived = []
        for uuid, number, chat, state, shown, recipients in connection.execute(
            self._steps["of_message"], names
        ).fetchall():
            told = self._told(connection, instance_id, message_id, chat or "", recipients)
            now: MessageStatus | None = told.status
            if now != shown:
                connection.execute(self._steps["set_status"], {"status": now, "uuid": uuid, "number": number})
                if now == "ERROR" and given_up_at is not None:
                    what = NotTaken(instance_id, message_id, chat or "")
                    self._untold.not_taken(connection, what, given_up_at)
            if state == "unknown":
                arrived.append(Arrived(instance_id, uuid))
        return arrived

    def _told(
        self, connection: Connection, instance_id: str, message_id: str, chat: str, recipients: int | None
    ) -> Told:
        names = {"instance_id": instance_id, "message_id": message_id}
        rows: list[tuple[str, int]] = connection.execute(self._sql["of_message"], names).fetchall()
        return Told(True, bool(rows), status(chat, rows, recipients) if rows else None)
