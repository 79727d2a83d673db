from collections.abc import Sequence
from typing import Any, Final

import msgspec

from waypost.clock import Clock, iso
from waypost.events import Event
from waypost.nodes.notices import Notice
from waypost.storage.database import Connection, Database
from waypost.storage.events import EventRows, entry_of
from waypost.storage.unfinished import json_list
from waypost.storage.webhooks import enabled
from waypost.webhooks.delivery import Attempt, Delivery, DeliveryState
from waypost.webhooks.store import DeliveryQuery
from waypost.webhooks.webhook import Webhook

# Of each delivery; more come only from one that is set out again and again.
_ATTEMPTS_KEPT: Final = 20
_END_OF_TIME: Final = 2**63 - 1


class SqlDeliveries:
    """Implements `webhooks.store.DeliveryStore`."""

    def __init__(self, database: Database, rows: EventRows, clock: Clock, retry_seconds: float) -> None:
        """`retry_seconds`: how long what is set out again is tried."""
        self._database = database
        self._dialect = database.dialect
        self._rows = rows
        self._clock = clock
        self._retry_seconds = retry_seconds
        self._sql = database.dialect.statements("deliveries")
        self._webhooks = database.dialect.statements("webhooks")

    async def enabled(self) -> list[Webhook]:
        """All webhooks that are enabled."""
        return await self._database.read(lambda connection: enabled(connection, self._webhooks))

    async def owing(self) -> frozenset[str]:
        """The ids of the enabled webhooks to which deliveries are pending."""
        rows = await self._database.read(lambda connection: connection.execute(self._sql["owing"]).fetchall())
        return frozenset(webhook_id for (webhook_id,) in rows)

    async def upcoming(self, webhook_id: str, without: Sequence[str], limit: int) -> list[Delivery]:
        """The first pending deliveries of a webhook."""
        names = {"webhook_id": webhook_id, "without": json_list(without), "limit": limit}
        rows = await self._database.read(lambda c: c.execute(self._sql["upcoming"], names).fetchall())
        return [_delivery(row) for row in rows]

    async def delivered(self, delivery: Delivery, attempt: Attempt) -> None:
        """pending → delivered."""
        names = {"webhook_id": delivery.webhook_id}

        def unit(connection: Connection) -> None:
            self._attempted(connection, "delivered", delivery, attempt)
            connection.execute(self._sql["succeeding"], names)

        await self._database.write(unit)

    async def postponed(self, delivery: Delivery, attempt: Attempt, next_attempt_at: float) -> None:
        """It is tried again then."""

        def unit(connection: Connection) -> None:
            self._attempted(connection, "postponed", delivery, attempt, next_attempt_at=next_attempt_at)
            self._failing(connection, delivery, attempt)

        await self._database.write(unit)

    async def given_up(self, delivery: Delivery, attempt: Attempt, disable_since: float) -> bool:
        """pending → dead; with it the webhook is disabled where it has failed since then."""

        def unit(connection: Connection) -> bool:
            self._attempted(connection, "given_up", delivery, attempt)
            self._failing(connection, delivery, attempt)
            names = {"webhook_id": delivery.webhook_id, "since": disable_since, "at": attempt.at}
            if connection.execute(self._sql["disable"], names).rowcount != 1:
                return False
            connection.execute(self._sql["bury"], names)
            self._rows.put(connection, [_disabled(delivery, attempt)], attempt.at)
            return True

        return await self._database.write(unit)

    async def recovered(self, webhook_id: str) -> None:
        """What waits for its time is due."""
        names = {"webhook_id": webhook_id}
        await self._database.write(lambda connection: connection.execute(self._sql["recovered"], names))

    async def page(self, query: DeliveryQuery) -> list[Delivery]:
        """Deliveries of a webhook, newest first."""
        names = {
            "webhook_id": query.webhook_id,
            "before": _END_OF_TIME if query.before is None else query.before,
            "state": query.state,
            "event": query.event,
            "chat": query.chat,
            "limit": query.limit,
        }
        rows = await self._database.read(lambda c: c.execute(self._sql["page"], names).fetchall())
        return [_delivery(row) for row in rows]

    async def get(self, webhook_id: str, seq: int) -> tuple[Delivery, list[Attempt]] | None:
        """A delivery with its attempts, oldest first."""
        names = {"webhook_id": webhook_id, "seq": seq}

        def query(connection: Connection) -> tuple[Delivery, list[Attempt]] | None:
            row = connection.execute(self._sql["get"], names).fetchone()
            if row is None:
                return None
            tries = connection.execute(self._sql["attempts"], (seq,)).fetchall()
            return _delivery(row), [_attempt(one) for one in tries]

        return await self._database.read(query)

    async def redeliver(self, webhook_id: str, seqs: Sequence[int]) -> int:
        """Set these out again."""
        found = msgspec.json.encode(seqs).decode()
        return len(await self._again("redeliver", webhook_id, seqs=found))

    async def redeliver_all(
        self, webhook_id: str, state: DeliveryState, since: float, until: float, after: int, limit: int
    ) -> list[int]:
        """Set out again what is in that state."""
        names = {"state": state, "since": since, "until": until, "after": after, "limit": limit}
        return await self._again("redeliver_all", webhook_id, **names)

    async def _again(self, statement: str, webhook_id: str, **values: Any) -> list[int]:
        names = {"webhook_id": webhook_id, "retry_until": self._clock.now() + self._retry_seconds, **values}

        def unit(connection: Connection) -> list[int]:
            seqs = [seq for (seq,) in connection.execute(self._sql[statement], names).fetchall()]
            # What waits before it in its chat would hold it up.
            connection.execute(self._sql["recovered"], names)
            self._dialect.publish(connection, [Notice("events")])
            return seqs

        return await self._database.write(unit)

    def _attempted(
        self, connection: Connection, change: str, delivery: Delivery, attempt: Attempt, **values: Any
    ) -> None:
        names = {
            "seq": delivery.seq,
            "at": attempt.at,
            "ms": attempt.ms,
            "status": attempt.status,
            "error": attempt.error,
            "headers": msgspec.json.encode(attempt.headers).decode(),
            "answer": attempt.answer,
            "most": _ATTEMPTS_KEPT,
            **values,
        }
        connection.execute(self._sql[change], names)
        connection.execute(self._sql["attempted"], names)
        if delivery.status is not None or delivery.error is not None:
            connection.execute(self._sql["bound_attempts"], names)

    def _failing(self, connection: Connection, delivery: Delivery, attempt: Attempt) -> None:
        names = {"webhook_id": delivery.webhook_id, "at": attempt.at}
        connection.execute(self._sql["failing"], names)


def _disabled(delivery: Delivery, attempt: Attempt) -> Event:
    return Event(
        instance_id=delivery.entry.instance_id,
        name="webhook.disabled",
        key=f"webhook.disabled/{delivery.webhook_id}/{attempt.at}",
        at=attempt.at,
        payload={
            "webhook_id": delivery.webhook_id,
            "reason": "failing",
            "status": attempt.status,
            "error": attempt.error,
            "disabled_at": iso(attempt.at),
        },
    )


def _delivery(row: tuple[Any, ...]) -> Delivery:
    return Delivery(
        seq=row[0],
        webhook_id=row[1],
        chat=row[2],
        state=row[3],
        attempts=row[4],
        created_at=row[5],
        retry_until=row[6],
        next_attempt_at=row[7],
        finished_at=row[8],
        status=row[9],
        error=row[10],
        entry=entry_of(row[11:]),
    )


def _attempt(row: tuple[Any, ...]) -> Attempt:
    return Attempt(
        number=row[0],
        at=row[1],
        ms=row[2],
        status=row[3],
        error=row[4],
        headers=msgspec.json.decode(row[5]),
        answer=row[6],
    )
