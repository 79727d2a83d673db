"""A gateway as one node of several: what it holds, what it tells the others, what it hears of them."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from waypost.clock import Clock
from waypost.instances.conditions import ConditionStore
from waypost.instances.elsewhere import Elsewhere
from waypost.instances.instances import Instances, Others
from waypost.instances.order_desk import OrderDesk
from waypost.instances.orders import Order, OrderStore
from waypost.instances.register import Register
from waypost.instances.sessions import Sessions
from waypost.instances.store import InstanceStore
from waypost.instances.tenant import InstanceTenant, Requests
from waypost.lasting import lasting
from waypost.nodes.lease import Node
from waypost.nodes.notices import Notice, Notices
from waypost.nodes.settings import TenancySettings
from waypost.nodes.store import LeaseStore
from waypost.nodes.tenancy import Deadline, Tenancy
from waypost.nodes.waiting import stop
from waypost.telemetry import Log


@dataclass(frozen=True, slots=True)
class NodeStores:
    """What nodes share beside the rows of a single gateway."""

    leases: LeaseStore
    conditions: ConditionStore
    orders: OrderStore
    notices: Notices


class SharedRequests(Requests, Protocol):
    """An outbox that hears of what happens elsewhere."""

    def look(self, instance_ids: Sequence[str] | None = None) -> None:
        """Requests of these instances, or of any, may have been accepted elsewhere."""
        ...

    def cancelled(self, instance_id: str, uuid: str) -> None:
        """A request was called off elsewhere."""
        ...

    def receipt_came(self, instance_id: str, uuid: str) -> None:
        """A receipt was stored elsewhere that a request waits for."""
        ...


class Neighbours:
    """Connects a node's parts with the other nodes. Make it first, `furnish` it when its parts are there."""

    def __init__(
        self,
        stores: NodeStores,
        instances: InstanceStore,
        register: Callable[[], Register],
        clock: Clock,
        log: Log,
        answer: Callable[[str, bytes], Awaitable[bytes]],
        events_told: Callable[[str], None] = lambda _: None,
    ) -> None:
        """`register` is asked for when first needed; `answer` answers what another node asks a session that
        is held here; `events_told` hears whose events are new."""
        self._stores = stores
        self._answer = answer
        self._events_told = events_told
        self._clock = clock
        self._log = log
        self.elsewhere = Elsewhere(instances, stores.conditions, register, log)
        self._desk = OrderDesk(stores.orders, self._held, self._carry_out, clock, log)
        self.others = Others(elsewhere=self.elsewhere, desk=self._desk)
        self._sessions: Sessions | None = None
        self._instances: Instances | None = None
        self._requests: SharedRequests | None = None
        self._tenancy: Tenancy | None = None

    def furnish(
        self,
        requests: SharedRequests,
        sessions: Sessions,
        instances: Instances,
        deadline: Deadline,
        node: Node,
        settings: TenancySettings,
    ) -> None:
        """Everything that this node is made of; `running` may begin."""
        self._requests, self._sessions, self._instances = requests, sessions, instances
        tenant = InstanceTenant(requests, sessions, self.elsewhere, self._desk.look)
        self._tenancy = Tenancy(self._stores.leases, tenant, deadline, node, self._clock, settings, self._log)

    @property
    def in_touch(self) -> bool:
        """Whether this node can hold anything: its leases could be renewed lately."""
        return self._tenancy is not None and self._tenancy.in_touch

    def epoch_of(self, instance_id: str) -> int | None:
        """Under which epoch this node holds an instance; None when it does not."""
        return None if self._tenancy is None else self._tenancy.epoch_of(instance_id)

    async def owners(self) -> dict[str, Node]:
        """The nodes that hold instances, by instance id. Raises StorageError."""
        return await self._stores.leases.owners()

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Take part, until the context ends. Raises StorageError."""
        assert self._tenancy is not None
        tasks = [
            asyncio.create_task(lasting(work, name, self._log), name=name)
            for name, work in (
                ("nodes-instances", self.elsewhere.run),
                ("nodes-orders", self._desk.run),
                ("nodes-notices", self._listen),
            )
        ]
        try:
            async with self._tenancy.running():
                yield
        finally:
            await stop(tasks)

    async def drain(self) -> None:
        """Hand everything over and take nothing any more."""
        if self._tenancy is not None:
            await self._tenancy.drain()

    async def _listen(self) -> None:
        async for notice in self._stores.notices.listen():
            self.hear(notice)

    def hear(self, notice: Notice) -> None:
        """What a notice means to this node."""
        requests, tenancy = self._requests, self._tenancy
        if requests is None or tenancy is None:
            return
        match notice.kind:
            case "missed":
                requests.look()
                self.elsewhere.missed()
                self._desk.look()
                tenancy.poke()
            case "requests":
                requests.look([notice.instance_id])
            case "cancelled":
                requests.cancelled(notice.instance_id, notice.subject)
            case "receipt":
                requests.receipt_came(notice.instance_id, notice.subject)
            case "leases":
                tenancy.poke()
            case "instances" | "condition":
                self.elsewhere.told(notice.instance_id)
            case "order":
                self._desk.look()
            case "events":
                self._events_told(notice.instance_id)
            case "ordered":
                self._desk.ended(notice.subject)

    def _held(self) -> Sequence[str]:
        return () if self._sessions is None else self._sessions.held

    async def _carry_out(self, order: Order) -> bytes | None:
        assert self._instances is not None
        if order.kind == "ask":
            return await self._answer(order.instance_id, order.payload or b"")
        await self._instances.carry_out(order.instance_id, order.kind)
        return None
