"""What happens to requests at other nodes: they end, they come to be ours.

Notices tell most of it sooner. This looks whether or not they come.
"""

import asyncio
from typing import Final

from waypost.errors import StorageError
from waypost.outbox.arrivals import Arrivals
from waypost.outbox.holdings import Holdings
from waypost.outbox.lanes import Lanes
from waypost.outbox.store import OutboxStore
from waypost.outbox.waiters import Waiters

_WAITERS_SECONDS: Final = 0.25
_ARRIVALS_SECONDS: Final = 2.0


class Elsewhere:
    """Looks at a database that other nodes write to as well; runs until cancelled."""

    def __init__(
        self,
        store: OutboxStore,
        lanes: Lanes,
        holdings: Holdings,
        arrivals: Arrivals,
        waiters: Waiters,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._holdings = holdings
        self._arrivals = arrivals
        self._waiters = waiters

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
