import asyncio
from collections.abc import Iterable, Sequence

from waypost.nodes.lease import Tenure
from waypost.outbox.arrivals import Arrivals
from waypost.outbox.depths import Depths
from waypost.outbox.holdings import Holdings
from waypost.outbox.lane import Lane
from waypost.outbox.lanes import Lanes
from waypost.outbox.store import OutboxStore


class Takeover:
    """Begins to send for instances, and stops."""

    def __init__(
        self,
        store: OutboxStore,
        lanes: Lanes,
        holdings: Holdings,
        depths: Depths,
        arrivals: Arrivals,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._holdings = holdings
        self._depths = depths
        self._arrivals = arrivals
        self._leaving: dict[str, asyncio.Future[None]] = {}

    async def adopt(self, tenures: Sequence[Tenure]) -> None:
        """Go on with whatever these instances have. Raises StorageError: then none of them is held."""
        if not tenures:
            return
        ids = [one.instance_id for one in tenures]
        # A send that still runs would be taken for one that was never made.
        for leaving in [self._leaving[one] for one in ids if one in self._leaving]:
            await leaving
        await self._store.adopt(tenures)
        depths = await self._store.depths()
        aliases = await self._store.aliases(ids)
        self._holdings.gain(tenures)
        self._lanes.know(aliases)
        self._depths.counted(depths)
        for lane in [self._lanes.open(one) for one in ids if one in depths]:
            lane.look_from(0)
            lane.pump()
        if not self._holdings.alone:
            self._arrivals.look(ids)

    async def release(self, instance_ids: Iterable[str], drain: float) -> None:
        """Stop sending for these instances; what has not finished `drain` seconds later stays for their next
        holder.
        """
        await asyncio.gather(*(self._release(one, drain) for one in instance_ids))

    async def _release(self, instance_id: str, drain: float) -> None:
        self._holdings.lose(instance_id)
        lane = self._lanes.detach(instance_id)
        if lane is None:
            if instance_id in self._leaving:
                await self._leaving[instance_id]
            return
        left = self._leaving[instance_id] = asyncio.get_running_loop().create_future()
        try:
            await self._empty(lane, drain)
        finally:
            lane.clear()
            left.set_result(None)
            if self._leaving.get(instance_id) is left:
                del self._leaving[instance_id]

    async def _empty(self, lane: Lane, drain: float) -> None:
        lane.stop_making_ready()
        sends = lane.sends()
        if not sends:
            return
        _, late = await asyncio.wait(sends, timeout=drain)
        for task in late:
            task.cancel()
        if late:
            await asyncio.wait(late)
