"""Which instances this node holds: takes leases, keeps them, hands them over, notices when they are lost.

What a node knows of its leases is counted on its own monotonic clock, from before it asked: it can think a
lease over too early, never too late. So nothing depends on what time anybody's clock shows.
"""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any, Final, Protocol, TypeVar

import msgspec

from waypost.clock import Clock
from waypost.errors import WaypostError
from waypost.lasting import lasting
from waypost.nodes.holding import Holding, Tenant
from waypost.nodes.lease import Node, Tenure
from waypost.nodes.settings import TenancySettings
from waypost.nodes.share import share
from waypost.nodes.store import LeaseStore
from waypost.nodes.waiting import Sleep, first, stop, within
from waypost.telemetry import Log

T = TypeVar("T")

_JUST_AFTER_SECONDS: Final = 0.05


class Deadline(Protocol):
    """Who must stop by itself when the leases are over, whatever has become of this process."""

    def until(self, deadline: float) -> None:
        """Nothing may be sent after `deadline` (monotonic seconds) unless a later one is named first."""
        ...


class Tenancy:
    """A node's leases. Run it with `running`."""

    def __init__(
        self,
        store: LeaseStore,
        tenant: Tenant,
        deadline: Deadline,
        node: Node,
        clock: Clock,
        settings: TenancySettings,
        log: Log,
        sleep: Sleep = asyncio.sleep,
    ) -> None:
        self._store = store
        self._tenant = tenant
        self._engine = deadline
        self._node = node
        self._clock = clock
        self._settings = settings
        self._log = log
        self._sleep = sleep
        self._holdings: dict[str, Holding] = {}
        self._deadline = clock.monotonic()
        self._above_since: float | None = None
        self._next_end: float | None = None
        self._poked = asyncio.Event()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def node_id(self) -> str:
        """This node's id."""
        return self._node.node_id

    def epoch_of(self, instance_id: str) -> int | None:
        """Under which epoch this node holds an instance; None when it does not."""
        holding = self._holdings.get(instance_id)
        return None if holding is None or holding.lost.is_set() else holding.tenure.epoch

    @property
    def held(self) -> list[Tenure]:
        """What this node holds now."""
        return [one.tenure for one in self._holdings.values() if not one.lost.is_set()]

    @property
    def in_touch(self) -> bool:
        """Whether the leases could be renewed lately: if not, this node holds nothing."""
        return self._clock.monotonic() < self._deadline

    def poke(self) -> None:
        """Leases may have become free: look at once."""
        self._poked.set()

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Tenancy"]:
        """Make the node known and hold its share, until the context ends. Raises StorageError."""
        await self._renew()
        self._tasks = [
            asyncio.create_task(lasting(work, name, self._log), name=name)
            for work, name in (
                (self._keep_renewing, "leases-renew"),
                (self._watch_deadline, "leases-deadline"),
                (self._keep_balance, "leases-balance"),
            )
        ]
        try:
            yield self
        finally:
            await self.drain()
            await stop(self._tasks)

    async def drain(self) -> None:
        """Take nothing any more, and hand everything over; what is not handed over in time is dropped."""
        if self._node.draining:
            return
        self._node = msgspec.structs.replace(self._node, draining=True)
        with suppress(WaypostError, TimeoutError):
            await self._within(self._settings.renew, self._store.renew(self._node, self._settings.ttl))
        holdings = list(self._holdings.values())
        for holding in holdings:
            holding.leave.set()
        tasks = [one.task for one in holdings if one.task is not None]
        if tasks:
            with suppress(TimeoutError):
                await self._within(self._settings.drain, _ended(tasks))
        if self._holdings:
            # Nobody may send for what the next holder takes in a moment.
            self._engine.until(self._clock.monotonic())
        self._lose(self._holdings.values())
        if left := [one.task for one in self._holdings.values() if one.task is not None]:
            await asyncio.wait(left)
        # Another renewal would make the node known again.
        await stop(self._tasks)
        with suppress(WaypostError, TimeoutError):
            await self._within(self._settings.renew, self._store.leave(self._node.node_id))

    # --- keeping what is held ------------------------------------------------------------------------------

    async def _keep_renewing(self) -> None:
        asked = self._clock.monotonic()
        while True:
            # From question to question, however long the answer took.
            await self._sleep(max(asked + self._settings.renew - self._clock.monotonic(), 0.1))
            asked = self._clock.monotonic()
            try:
                await self._renew()
            except (WaypostError, TimeoutError) as error:
                self._log.warning("leases_not_renewed", error=type(error).__name__)

    async def _renew(self) -> None:
        settings = self._settings
        asked = self._clock.monotonic()
        known = dict(self._holdings)
        valid = set(await self._within(settings.renew, self._store.renew(self._node, settings.ttl)))
        if self._clock.monotonic() >= asked + settings.ttl - settings.margin:
            return  # too slow to be of use
        self._deadline = asked + settings.ttl - settings.margin
        self._engine.until(self._deadline)
        # What was claimed or given up while this was under way is told by those who did so.
        self._lose(holding for holding in known.values() if holding.tenure not in valid)
        # A claim whose answer was lost.
        self._take(one for one in valid if one.instance_id not in known)

    async def _watch_deadline(self) -> None:
        while True:
            left = self._deadline - self._clock.monotonic()
            if left > 0:
                await self._sleep(left)
                continue
            if self.held:
                self._log.error("leases_lost", count=len(self.held))
                self._lose(self._holdings.values())
            await self._sleep(self._settings.renew / 2)

    # --- taking and giving ---------------------------------------------------------------------------------

    async def _keep_balance(self) -> None:
        while True:
            try:
                await self._balance()
            except (WaypostError, TimeoutError) as error:
                self._log.warning("leases_not_compared", error=type(error).__name__)
            await self._look_again()

    async def _balance(self) -> None:
        settings = self._settings
        self._next_end = None
        if self._node.draining or not self.in_touch:
            return
        census = await self._within(settings.ttl, self._store.census(settings.ttl))
        self._next_end = census.next_end
        mine = share(census, self._node.node_id)
        room = mine - len(self._holdings)
        if room > 0:
            self._above_since = None
            await self._claim(room)
        elif room < 0 and all(load.silent < settings.silence for load in census.nodes):
            self._hand_over(-room)
        else:
            self._above_since = None

    async def _claim(self, room: int) -> None:
        settings = self._settings
        asked = self._clock.monotonic()
        claimed = await self._within(settings.ttl, self._store.claim(self._node.node_id, settings.ttl, room))
        if self._clock.monotonic() < asked + settings.ttl - settings.margin and self.in_touch:
            # Were the answer as late as that, the next renewal tells what is ours.
            self._take(claimed)
        if claimed:
            self._log.info("leases_claimed", count=len(claimed))

    def _hand_over(self, surplus: int) -> None:
        now = self._clock.monotonic()
        if self._above_since is None:
            self._above_since = now
        leaving = sum(one.leave.is_set() for one in self._holdings.values())
        if now - self._above_since < self._settings.surplus:
            return
        staying = [one for one in self._holdings.values() if not one.leave.is_set()]
        # Those gained last have the least to lose.
        for holding in staying[::-1][: max(surplus - leaving, 0)]:
            holding.leave.set()

    def _take(self, tenures: Iterable[Tenure]) -> None:
        if self._node.draining:
            return  # `leave` gives them up
        for tenure in tenures:
            before = self._holdings.get(tenure.instance_id)
            if before is not None and before.tenure == tenure:
                continue
            if before is not None:
                before.lost.set()
            holding = Holding(tenure, self._tenant, self._log, self._sleep)
            self._holdings[tenure.instance_id] = holding
            holding.start(None if before is None else before.task, self._over)

    def _lose(self, holdings: Iterable[Holding]) -> None:
        for holding in list(holdings):
            holding.lost.set()

    async def _over(self, holding: Holding) -> None:
        """What was held has been closed."""
        if not holding.lost.is_set():
            with suppress(WaypostError, TimeoutError):
                free = self._store.free(self._node.node_id, [holding.tenure])
                await self._within(self._settings.renew, free)
        if self._holdings.get(holding.tenure.instance_id) is holding:
            del self._holdings[holding.tenure.instance_id]

    # --- waiting -------------------------------------------------------------------------------------------

    async def _within(self, seconds: float, work: Coroutine[Any, Any, T]) -> T:
        return await within(self._sleep, seconds, work)

    async def _look_again(self) -> None:
        """Wait until it is time, or somebody says that there is something to see."""
        look = self._settings.look
        if self._next_end is not None:
            # Its holder may have vanished: every second until somebody sends again counts.
            look = min(look, self._next_end + _JUST_AFTER_SECONDS)
        await first(self._asleep(look), self._poked.wait())
        self._poked.clear()

    async def _asleep(self, seconds: float) -> None:
        await self._sleep(seconds)


async def _ended(tasks: "list[asyncio.Task[None]]") -> None:
    await asyncio.wait(tasks)
