"""Leases in memory, for tests of several nodes in one process."""

import asyncio
from collections.abc import Sequence

from waypost.clock import Clock
from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.nodes.lease import Census, Load, Node, Tenure
from waypost.nodes.waiting import Sleep


class _Lease:
    def __init__(self) -> None:
        self.node_id: str | None = None
        self.epoch = 0
        self.expires_at = 0.0


class MemoryLeases:
    """Implements `nodes.store.LeaseStore`; `clock`'s monotonic time is the database's."""

    def __init__(self, clock: Clock, sleep: Sleep, instance_ids: Sequence[str] = ()) -> None:
        self._clock = clock
        self._sleep = sleep
        self._leases = {one: _Lease() for one in instance_ids}
        self._nodes: dict[str, tuple[Node, float]] = {}
        # Who gets no answer, and how long every answer takes, in seconds.
        self.cut_off: set[str] = set()
        self.delay = 0.0

    def add(self, instance_id: str) -> None:
        """There is one more instance."""
        self._leases[instance_id] = _Lease()

    def holder(self, instance_id: str) -> str | None:
        """Who holds the instance now."""
        lease = self._leases[instance_id]
        return lease.node_id if lease.expires_at > self._clock.monotonic() else None

    def epoch(self, instance_id: str) -> int:
        """The epoch of the last holder."""
        return self._leases[instance_id].epoch

    async def renew(self, node: Node, ttl: float) -> list[Tenure]:
        """Say that `node` is alive, and hold what it holds for another `ttl`."""
        await self._reach(node.node_id)
        now = self._clock.monotonic()
        self._nodes[node.node_id] = (node, now)
        held = []
        for name, lease in self._leases.items():
            if lease.node_id == node.node_id and lease.expires_at > now:
                lease.expires_at = now + ttl
                held.append(Tenure(name, lease.epoch))
        await self._reach(node.node_id)
        return held

    async def claim(self, node_id: str, ttl: float, limit: int) -> list[Tenure]:
        """Take up to `limit` leases that are free or expired."""
        await self._reach(node_id)
        now = self._clock.monotonic()
        free = [(one.expires_at, name) for name, one in self._leases.items() if one.expires_at <= now]
        claimed = []
        for _, name in sorted(free)[:limit]:
            lease = self._leases[name]
            lease.node_id, lease.epoch, lease.expires_at = node_id, lease.epoch + 1, now + ttl
            claimed.append(Tenure(name, lease.epoch))
        await self._reach(node_id)
        return claimed

    async def free(self, node_id: str, tenures: Sequence[Tenure]) -> None:
        """Give up leases."""
        await self._reach(node_id)
        for tenure in tenures:
            lease = self._leases[tenure.instance_id]
            if (lease.node_id, lease.epoch) == (node_id, tenure.epoch):
                lease.node_id, lease.expires_at = None, self._clock.monotonic()

    async def leave(self, node_id: str) -> None:
        """Forget the node, and give up whatever it still holds."""
        await self._reach(node_id)
        self._nodes.pop(node_id, None)
        for lease in self._leases.values():
            if lease.node_id == node_id:
                lease.node_id, lease.expires_at = None, self._clock.monotonic()

    async def census(self, within: float) -> Census:
        """The nodes that were seen lately, and their leases."""
        now = self._clock.monotonic()
        loads = [
            Load(node, sum(self.holder(i) == node.node_id for i in self._leases), now - seen)
            for node, seen in self._nodes.values()
            if seen > now - within
        ]
        ends = [one.expires_at - now for one in self._leases.values() if one.expires_at > now]
        return Census(
            len(self._leases), sorted(loads, key=lambda load: load.node.node_id), min(ends, default=None)
        )

    async def owners(self) -> dict[str, Node]:
        """The nodes that hold instances now, by instance id."""
        holders = {one: self.holder(one) for one in self._leases}
        return {one: self._nodes[by][0] for one, by in holders.items() if by in self._nodes}

    async def _reach(self, node_id: str) -> None:
        if self.delay:
            await self._sleep(self.delay)
        else:
            await asyncio.sleep(0)
        if node_id in self.cut_off:
            raise StorageError(STORAGE_UNAVAILABLE)
