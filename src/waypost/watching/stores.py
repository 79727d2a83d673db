"""The stores of requests and of deliveries, which count what they are told: every way of ending, waiting and
delivering comes through them, so that nobody else needs to know that it is counted.
"""

from collections.abc import Callable, Sequence

from waypost.clock import Clock
from waypost.outbox.receipts import ReceiptNote
from waypost.outbox.request import Request, Step
from waypost.outbox.store import Arrived, Ending
from waypost.storage.database import Database
from waypost.storage.deliveries import SqlDeliveries
from waypost.storage.events import EventRows
from waypost.storage.outbox import EndListener, SqlOutboxStore
from waypost.watching import table
from waypost.watching.awaited import Awaited
from waypost.watching.counts import Counts
from waypost.watching.spans import Tracer
from waypost.webhooks.delivery import Attempt, Delivery


class WatchedOutboxStore(SqlOutboxStore):
    """Counts how requests end, what they wait for, and when messages reach somebody."""

    def __init__(
        self,
        database: Database,
        listener: EndListener,
        on_untold: Callable[[], None],
        counts: Counts,
        awaited: Awaited,
    ) -> None:
        super().__init__(database, listener, on_untold)
        self._counts = counts
        self._awaited = awaited

    async def ended(self, request: Request, steps: Sequence[Step], ending: Ending) -> bool:
        """→ an end."""
        ended = await super().ended(request, steps, ending)
        if ended:
            self._count(request.operation, ending)
        return ended

    async def cancel(self, instance_id: str, uuid: str, ending: Ending) -> bool:
        """Queued or preparing → cancelled."""
        cancelled = await super().cancel(instance_id, uuid, ending)
        if cancelled:
            request = await self.get(instance_id, uuid)
            self._count("" if request is None else request.operation, ending)
        return cancelled

    async def end_deserted(self, ending: Ending, limit: int) -> int:
        """End requests of instances that are gone."""
        ended = await super().end_deserted(ending, limit)
        for _ in range(ended):
            self._count("", ending)
        return ended

    async def postponed(self, request: Request, step: Step | None) -> bool:
        """Keep when and why it is tried again."""
        postponed = await super().postponed(request, step)
        if postponed:
            self._counts.add(table.POSTPONED, "" if request.failure is None else request.failure.code)
        return postponed

    async def receipts(self, notes: Sequence[ReceiptNote], now: float) -> list[Arrived]:
        """Keep receipts."""
        arrived = await super().receipts(notes, now)
        self._awaited.heard(notes, now)
        return arrived

    def _count(self, operation: str, ending: Ending) -> None:
        code = "" if ending.failure is None else ending.failure.code
        self._counts.add(table.ENDED, operation, ending.state.value, code)


class WatchedDeliveries(SqlDeliveries):
    """Counts attempts to deliver events, and makes a span of each."""

    def __init__(
        self,
        database: Database,
        rows: EventRows,
        clock: Clock,
        retry_seconds: float,
        counts: Counts,
        tracer: Tracer,
    ) -> None:
        super().__init__(database, rows, clock, retry_seconds)
        self._counts = counts
        self._tracer = tracer

    async def delivered(self, delivery: Delivery, attempt: Attempt) -> None:
        """pending → delivered."""
        await super().delivered(delivery, attempt)
        self._attempt(delivery, attempt)

    async def postponed(self, delivery: Delivery, attempt: Attempt, next_attempt_at: float) -> None:
        """It is tried again then."""
        await super().postponed(delivery, attempt, next_attempt_at)
        self._attempt(delivery, attempt)

    async def given_up(self, delivery: Delivery, attempt: Attempt, disable_since: float) -> bool:
        """pending → dead."""
        disabled = await super().given_up(delivery, attempt, disable_since)
        self._attempt(delivery, attempt)
        self._counts.add(table.WEBHOOK_GIVEN_UP, delivery.entry.name)
        if disabled:
            self._counts.add(table.WEBHOOKS_DISABLED)
        return disabled

    def _attempt(self, delivery: Delivery, attempt: Attempt) -> None:
        outcome = "delivered" if attempt.succeeded else "unreachable" if attempt.status is None else "refused"
        entry, seconds = delivery.entry, attempt.ms / 1000
        self._counts.add(table.WEBHOOK_ATTEMPTS, entry.name, outcome)
        self._counts.took(table.WEBHOOK_SECONDS, seconds, outcome)
        if entry.traceparent is not None:
            attributes: dict[str, str | int] = {
                "waypost.event": entry.name,
                "waypost.instance": entry.instance_id,
                "waypost.webhook": delivery.webhook_id,
                "waypost.outcome": outcome,
                "waypost.request_id": entry.request_id or "",
                **({} if attempt.status is None else {"http.response.status_code": attempt.status}),
            }
            self._tracer.past("webhook", entry.traceparent, attempt.at, attempt.at + seconds, attributes)
