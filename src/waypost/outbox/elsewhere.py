"""What happens to requests at other nodes: they end, they come to be ours.

Notices tell most of it sooner. This looks whether or not they come.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import msgspec

from waypost.clock import Clock
from waypost.errors import StorageError
from waypost.outbox.arrivals import Arrivals
from waypost.outbox.failures import waits_for
from waypost.outbox.holdings import Holdings
from waypost.outbox.lanes import Lanes
from waypost.outbox.port import Executor, Waiting
from waypost.outbox.request import Request
from waypost.outbox.store import OutboxStore, Standing
from waypost.outbox.waiters import Waiters

_WAITERS_SECONDS: Final = 0.25
_ARRIVALS_SECONDS: Final = 2.0


class Elsewhere:
    """Looks at a database that other nodes write to as well; runs until cancelled."""

    def __init__(
        self,
        store: OutboxStore,
        executor: Executor,
        clock: Clock,
        lanes: Lanes,
        holdings: Holdings,
        arrivals: Arrivals,
        waiters: Waiters,
    ) -> None:
        self._store = store
        self._executor = executor
        self._clock = clock
        self._lanes = lanes
        self._holdings = holdings
        self._arrivals = arrivals
        self._waiters = waiters

    async def shown(self, requests: Sequence[Request]) -> list[Request]:
        """Requests of instances that are held elsewhere, with what the database and their instances'
        conditions tell of why they wait. Raises StorageError.
        """
        standings = await self._store.standings([one.uuid for one in requests if not one.state.finished])
        return [self._waiting(one, standings.get(one.uuid)) for one in requests]

    def _waiting(self, request: Request, standing: Standing | None) -> Request:
        if standing is None:
            return request
        waiting = self._executor.waiting_for(request.instance_id)
        if waiting is None:
            at = request.next_attempt_at
            if standing.unknown:
                waiting = Waiting("receipt")
            elif at is not None and at > self._clock.now():
                waiting = Waiting(waits_for(request.failure))
            elif standing.behind:
                waiting = Waiting("older_request")
            else:
                return request
        until = request.next_attempt_at if waiting.until is None else waiting.until
        return msgspec.structs.replace(request, waiting_for=waiting.code, next_attempt_at=until)

    async def run(self) -> None:
        """Look from time to time."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._watch_waiters())
            tasks.create_task(self._watch_arrivals())

    async def _watch_waiters(self) -> None:
        """One question for everyone who waits."""
        while True:
            await asyncio.sleep(_WAITERS_SECONDS)
            waiting = self._waiters.waiting()
            if waiting:
                try:
                    finished = await self._store.finished(waiting)
                except StorageError:
                    continue  # asked again in a moment, and /readyz says what is wrong
                for uuid in finished:
                    self._waiters.finished(uuid)

    async def _watch_arrivals(self) -> None:
        while True:
            await asyncio.sleep(_ARRIVALS_SECONDS)
            self._arrivals.look(one.instance_id for one in self._holdings.tenures())
            for lane in self._lanes:
                lane.look_for_receipts()
