"""What one node shows of an instance that another holds, and orders that cross over; the stores in memory."""

import asyncio
import builtins
from collections.abc import AsyncIterator, Callable, Sequence

import msgspec
import pytest

from waypost.engine.port import QrCode
from waypost.errors import ALREADY_CONNECTED, STORAGE_UNAVAILABLE, InstanceError, StorageError
from waypost.instances.conditions import Shown
from waypost.instances.elsewhere import Elsewhere
from waypost.instances.instance import Account, Condition, Instance
from waypost.instances.order_desk import OrderDesk
from waypost.instances.orders import Done, Order, OrderKind
from waypost.instances.overrides import Overrides
from waypost.instances.register import Register
from waypost.instances.state import InstanceState
from waypost.nodes.lease import Tenure
from waypost.nodes.waiting import stop
from waypost.telemetry import make_log
from waypost.testing.clock import FakeClock
from waypost.testing.outbox_house import until

LOG = make_log("error", "text")
CODE = QrCode(text="2@abc", expires_at=2_000_000_000.0)


class Rows:
    """Implements InstanceStore, ConditionStore and OrderStore for all nodes of a test."""

    def __init__(self) -> None:
        self.instances: dict[str, Instance] = {}
        self.shown: dict[str, tuple[int, Shown]] = {}
        self.orders: dict[str, tuple[Order, Done | None]] = {}
        self.down = False
        # What notices do.
        self.placed: Callable[[], None] = lambda: None
        self.ended: Callable[[str], None] = lambda _: None

    def _reach(self) -> None:
        if self.down:
            raise StorageError(STORAGE_UNAVAILABLE)

    async def add(self, instance: Instance) -> None:
        self.instances[instance.id] = instance

    async def list(self) -> builtins.list[Instance]:
        self._reach()
        return list(self.instances.values())

    async def set_account(self, instance_id: str, account: Account | None, ended: str = "") -> None:
        raise NotImplementedError

    async def set_overrides(self, instance_id: str, overrides: Overrides) -> None:
        self.instances[instance_id] = msgspec.structs.replace(
            self.instances[instance_id], overrides=overrides
        )

    async def set_caption(self, instance_id: str, as_text: bool) -> None:
        raise NotImplementedError

    async def delete(self, instance_id: str) -> None:
        del self.instances[instance_id]

    async def put(self, tenure: Tenure, condition: Condition, code: QrCode | None) -> bool:
        self._reach()
        known = self.shown.get(tenure.instance_id)
        if tenure.instance_id not in self.instances or (known is not None and known[0] > tenure.epoch):
            return False
        shown = Shown(instance_id=tenure.instance_id, condition=condition, code=code)
        self.shown[tenure.instance_id] = (tenure.epoch, shown)
        return True

    async def all(self) -> builtins.list[Shown]:
        return [shown for _, shown in self.shown.values()]

    async def place(self, order: Order) -> None:
        self._reach()
        self.orders[order.id] = (order, None)
        self.placed()

    async def open(self, instance_ids: Sequence[str]) -> builtins.list[Order]:
        self._reach()
        return [one for one, done in self.orders.values() if done is None and one.instance_id in instance_ids]

    async def done(self, order_id: str, error_code: str | None, result: bytes | None = None) -> None:
        self._reach()
        self.orders[order_id] = (self.orders[order_id][0], Done(error_code, result))
        self.ended(order_id)

    async def outcome(self, order_id: str) -> Done | None:
        return self.orders[order_id][1]

    async def remove(self, order_id: str) -> None:
        del self.orders[order_id]

    async def forget(self, before: float) -> None:
        self.orders = {name: one for name, one in self.orders.items() if one[0].made_at >= before}


class Instances(Rows):
    async def get(self, instance_id: str) -> Instance | None:
        self._reach()
        return self.instances.get(instance_id)


class Conditions:
    """The same rows as a ConditionStore: `get` of that port answers otherwise."""

    def __init__(self, rows: Rows) -> None:
        self.put, self.all = rows.put, rows.all
        self._rows = rows

    async def get(self, instance_id: str) -> Shown | None:
        found = self._rows.shown.get(instance_id)
        return None if found is None else found[1]


class Node:
    def __init__(self, rows: Instances) -> None:
        self.changed: list[str] = []
        self.register = Register(FakeClock(), self._changed)
        self.elsewhere = Elsewhere(rows, Conditions(rows), lambda: self.register, LOG)
        self.task: asyncio.Task[None] | None = None

    def _changed(self, instance_id: str) -> None:
        self.changed.append(instance_id)
        self.elsewhere.changed(instance_id)

    def state(self, instance_id: str = "x") -> tuple[str, str]:
        condition = self.register.condition(instance_id)
        return condition.state.value, condition.reason


@pytest.fixture
def rows() -> Instances:
    rows = Instances()
    rows.instances["x"] = instance("x")
    return rows


@pytest.fixture
async def nodes(rows: Instances) -> AsyncIterator[tuple[Node, Node]]:
    """A holder of x, and another."""
    pair = Node(rows), Node(rows)
    for node in pair:
        await node.elsewhere.load()
        node.task = asyncio.create_task(node.elsewhere.run())
    found = await pair[0].elsewhere.gained(Tenure("x", 1))
    assert found is not None
    yield pair
    await stop([node.task for node in pair if node.task is not None])


def instance(name: str, *, paired: bool = False) -> Instance:
    account = Account(jid="1@s.whatsapp.net") if paired else None
    return Instance(id=name, name=name, phone="1", network="sandbox", created_at=1.0, account=account)


async def test_a_code_is_shown_where_the_instance_is_not_held(nodes: tuple[Node, Node]) -> None:
    holder, other = nodes
    holder.register.offer("x", CODE)
    holder.register.note("x", InstanceState.SCAN_QR_CODE, "scan_qr_code")
    await holder.elsewhere.flush("x")
    waiting = asyncio.create_task(
        other.register.until("x", lambda: other.register.code("x") is not None, seconds=10.0)
    )
    other.elsewhere.told("x")
    assert await waiting
    assert other.register.code("x") == CODE
    assert other.state() == ("SCAN_QR_CODE", "scan_qr_code")


async def test_what_the_holder_notes_is_written_down_by_itself_also_after_a_failure(
    nodes: tuple[Node, Node], rows: Instances
) -> None:
    holder, _ = nodes
    rows.down = True
    holder.register.note("x", InstanceState.WORKING, "")
    await asyncio.sleep(0.05)
    rows.down = False
    await until(lambda: "x" in rows.shown and rows.shown["x"][1].condition.state is InstanceState.WORKING)


async def test_who_does_not_hold_an_instance_tells_nothing_of_it(
    nodes: tuple[Node, Node], rows: Instances
) -> None:
    _, other = nodes
    other.register.note("x", InstanceState.FAILED, "banned")
    await other.elsewhere.flush("x")
    assert rows.shown == {}


async def test_an_instance_that_nobody_holds_is_not_shown_as_working(
    nodes: tuple[Node, Node], rows: Instances
) -> None:
    holder, other = nodes
    rows.instances["x"] = instance("x", paired=True)
    holder.register.note("x", InstanceState.WORKING, "")
    await holder.elsewhere.flush("x")
    epoch, shown = rows.shown["x"]
    rows.shown["x"] = (epoch, msgspec.structs.replace(shown, held=False))
    await other.elsewhere.read("x")
    assert other.state() == ("STARTING", "connecting")


async def test_an_instance_that_another_node_made_or_deleted_is_known(
    nodes: tuple[Node, Node], rows: Instances
) -> None:
    _, other = nodes
    rows.instances["y"] = instance("y")
    assert await other.elsewhere.look_up("y") == instance("y")
    assert await other.elsewhere.look_up("z") is None
    del rows.instances["y"]
    other.elsewhere.told("y")
    await until(lambda: other.register.find("y") is None)


async def test_after_missed_notices_everything_is_read(nodes: tuple[Node, Node], rows: Instances) -> None:
    holder, other = nodes
    rows.instances["y"] = instance("y")
    rows.instances["x"] = msgspec.structs.replace(instance("x"), caption_as_text=False)
    for node in nodes:
        node.elsewhere.missed()
    await until(lambda: all(node.register.find("y") is not None for node in nodes))
    for node in (holder, other):
        found = node.register.find("x")
        assert found is not None
        assert not found.caption_as_text


async def test_an_order_is_carried_out_by_the_holder_and_its_end_comes_back(rows: Instances) -> None:
    done: list[tuple[str, OrderKind]] = []

    async def carry_out(order: Order) -> bytes | None:
        done.append((order.instance_id, order.kind))
        if order.kind == "pair":
            raise InstanceError(ALREADY_CONNECTED)
        return order.payload and order.payload.upper()

    async def nothing(order: Order) -> bytes | None:
        raise AssertionError("not held here")

    holder = OrderDesk(rows, lambda: ["x"], carry_out, FakeClock(), LOG)
    other = OrderDesk(rows, list, nothing, FakeClock(), LOG)
    rows.placed, rows.ended = holder.look, other.ended
    running = asyncio.create_task(holder.run())
    try:
        await asyncio.wait_for(other.ask("x", "restart"), 10)
        with pytest.raises(InstanceError) as refused:
            await asyncio.wait_for(other.ask("x", "pair"), 10)
        assert refused.value.fault is ALREADY_CONNECTED
        before = len(rows.orders)
        assert await asyncio.wait_for(other.ask("x", "ask", b"who?"), 10) == b"WHO?"
        assert len(rows.orders) == before, "what was answered stays written down"
    finally:
        await stop([running])
    assert done == [("x", "restart"), ("x", "pair"), ("x", "ask")]


async def test_what_was_carried_out_is_not_again_because_its_end_could_not_be_noted_at_once() -> None:
    """It may have made a group."""

    class Flaky(Instances):
        async def done(self, order_id: str, error_code: str | None, result: bytes | None = None) -> None:
            if not refused.is_set():
                refused.set()
                raise StorageError(STORAGE_UNAVAILABLE)
            await super().done(order_id, error_code, result)

    async def carry_out(order: Order) -> bytes | None:
        carried_out.append(order.kind)
        return b"made"

    refused, rows, carried_out = asyncio.Event(), Flaky(), list[str]()
    desk = OrderDesk(rows, lambda: ["x"], carry_out, FakeClock(), LOG)
    running = asyncio.create_task(desk.run())
    try:
        assert await asyncio.wait_for(desk.ask("x", "ask", b"make a group"), 10) == b"made"
    finally:
        await stop([running])
    assert refused.is_set()
    assert carried_out == ["ask"]
