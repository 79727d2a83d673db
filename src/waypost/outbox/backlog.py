"""Requests that are in the database and in no lane's memory: counted, and ended when their time is over."""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Final

from waypost.clock import Clock
from waypost.errors import StorageError
from waypost.nodes.lease import Tenure
from waypost.outbox.depths import Depths
from waypost.outbox.endings import Endings
from waypost.outbox.entry import Entry
from waypost.outbox.holdings import Holdings
from waypost.outbox.lanes import Lanes
from waypost.outbox.store import OutboxStore, Unfinished

# Requests that are ended together, in one commit or a few.
_BATCH: Final = 128
_COUNT_SECONDS: Final = 5.0


class Backlog:
    """Looks after what is not in memory."""

    def __init__(
        self,
        store: OutboxStore,
        lanes: Lanes,
        holdings: Holdings,
        depths: Depths,
        endings: Endings,
        clock: Clock,
        look_every: float,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._holdings = holdings
        self._depths = depths
        self._endings = endings
        self._clock = clock
        self._look_every = look_every

    async def run(self) -> None:
        """Look from time to time, until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._count())
            tasks.create_task(self._expire())

    async def count(self) -> None:
        """Ask the database how long the queues are. Raises StorageError."""
        self._depths.counted(await self._store.depths())

    async def end_all(self, instance_id: str, end: Callable[[Entry], Awaitable[None]]) -> None:
        """End whatever an instance has in the database."""
        for tenure in self._holdings.tenures([instance_id]):
            since = 0
            while found := await self._endings.stored(lambda: self._next(tenure, since)):  # noqa: B023
                await self._end(found, end)
                since = found[-1].request.seq + 1

    def _next(self, tenure: Tenure, since: int) -> Awaitable[list[Unfinished]]:
        return self._store.upcoming(tenure, since, (), _BATCH)

    async def _count(self) -> None:
        while True:
            await asyncio.sleep(_COUNT_SECONDS)
            with suppress(StorageError):  # the last count holds, and /readyz says what is wrong
                await self.count()

    async def _expire(self) -> None:
        while True:
            await asyncio.sleep(self._look_every)
            with suppress(StorageError):  # looked at again in a moment
                await self.expire()

    async def expire(self) -> None:
        """End what has waited too long outside of memory. Raises StorageError."""
        tenures = self._holdings.tenures(lane.name for lane in self._lanes if not lane.whole)
        while tenures:
            late = await self._store.overdue(tenures, self._clock.now(), _BATCH)
            outside = [one for one in late if not self._lanes.is_in_memory(one.request)]
            if not outside:
                return
            await self._end(outside, self._endings.expire)

    async def _end(self, found: list[Unfinished], end: Callable[[Entry], Awaitable[None]]) -> None:
        await asyncio.gather(*(end(Entry(one.request, one.steps)) for one in found))
        for one in found:
            self._depths.ended(one.request.instance_id, self._clock.monotonic())
