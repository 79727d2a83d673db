import random
from typing import Final

import msgspec

from waypost.clock import Clock
from waypost.durable.retry import Schedule, delay, next_attempt
from waypost.errors import BREAKER, NOT_CONNECTED, FetchError, WaypostError
from waypost.outbox.endings import Endings
from waypost.outbox.entry import Entry, Phase
from waypost.outbox.failures import OF_THE_CONNECTION, PATIENT, failure_of, failure_of_hold
from waypost.outbox.pacer import Pacer
from waypost.outbox.pacing import Held
from waypost.outbox.request import Failure, Request, Step
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.store import OutboxStore

_UNCOUNTED: Final = frozenset({NOT_CONNECTED.code})


class Setbacks:
    """What an error means for a request: try again later, or end."""

    def __init__(
        self,
        store: OutboxStore,
        endings: Endings,
        pacer: Pacer,
        clock: Clock,
        rng: random.Random,
        settings: OutboxSettings,
    ) -> None:
        self._store = store
        self._endings = endings
        self._pacer = pacer
        self._clock = clock
        self._rng = rng
        self._settings = settings

    async def take(self, entry: Entry, error: WaypostError, again: Phase, step: Step | None = None) -> None:
        """Let `entry` wait in `again` until its next attempt, or end it.

        `step` is the one that was certainly not sent, as it is to be stored.
        """
        if step is not None:
            entry.put(step)
        if error.code in _UNCOUNTED:
            await self._hold(entry, again, step)
            return
        request = entry.request
        attempts = request.attempts + 1
        held = self._pacer.refused(request, error)
        at = self._next(entry, error, attempts, held)
        if at is None:
            await self._endings.failed(entry, failure_of(error), error.fault.status)
            return
        # An attempt after the expiry is none: the request waits for its end, and shows why.
        failure = failure_of(error) if held is None else _failure_with(error, held)
        shown = msgspec.structs.replace(request, attempts=attempts, next_attempt_at=at, failure=failure)
        await self._postpone(entry, shown, again, step)
        entry.connection_hold = error.code in OF_THE_CONNECTION

    async def hold(self, entry: Entry, held: Held, again: Phase) -> None:
        """Let `entry` wait in `again` for its turn; that is no attempt."""
        shown = msgspec.structs.replace(
            entry.request, next_attempt_at=held.until, failure=failure_of_hold(held)
        )
        await self._postpone(entry, shown, again)

    async def _postpone(self, entry: Entry, shown: Request, again: Phase, step: Step | None = None) -> None:
        if await self._endings.stored(lambda: self._store.postponed(shown, step)):
            # Chats may have been merged while it was written.
            entry.request = msgspec.structs.replace(shown, chat_key=entry.request.chat_key)
            entry.wait(again, shown.next_attempt_at or 0.0)
        else:
            entry.phase = Phase.GONE

    def _next(self, entry: Entry, error: WaypostError, attempts: int, held: Held | None) -> float | None:
        if not error.fault.retryable:
            return None
        patient = error.code in PATIENT
        entry.failures += not patient
        return next_attempt(
            self._schedule(error),
            attempts if patient else entry.failures,
            self._clock.now(),
            self._rng,
            patient=patient,
            not_before=_until(error) if held is None else held.until,
        )

    def _schedule(self, error: WaypostError) -> Schedule:
        retry = self._settings.retry
        if not isinstance(error, FetchError):
            return retry
        return msgspec.structs.replace(retry, attempts=min(retry.attempts, self._settings.fetch_attempts))

    async def _hold(self, entry: Entry, again: Phase, step: Step | None) -> None:
        """The session is away: no attempt, no row. The delay is for a session that is there and won't have
        it."""
        if step is not None:
            told = await self._endings.stored(lambda: self._store.step_changed(entry.request, step))
            if not told.stored:
                entry.phase = Phase.GONE
                return
        entry.holds += 1
        entry.connection_hold = True
        entry.wait(again, self._clock.now() + delay(self._settings.retry, entry.holds, self._rng))


def _failure_with(error: WaypostError, held: Held) -> Failure:
    """Why a request that failed waits for its account's sake, and until when."""
    if held.code == BREAKER.code:
        return failure_of_hold(held, f"The last refusal was {error.code}.")
    return failure_of_hold(held, error.detail)


def cleared(request: Request) -> Request:
    """`request` once what held it back is over."""
    return msgspec.structs.replace(request, next_attempt_at=None, failure=None)


def _until(error: WaypostError) -> float | None:
    """The end of a restriction, where the server named one."""
    until = error.facts.get("until")
    return float(until) if isinstance(until, int | float) else None
