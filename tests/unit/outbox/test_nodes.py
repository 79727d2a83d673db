"""Several outboxes on one database: each instance is one's, every request may come in at any."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Any

import msgspec
import pytest

from waypost.errors import (
    NOT_CANCELLABLE,
    QUEUE_FULL,
    STORAGE_UNAVAILABLE,
    OutboxError,
    OutcomeUnknown,
    StorageError,
)
from waypost.nodes.lease import Tenure
from waypost.outbox.outbox import Outbox
from waypost.outbox.request import Request, RequestState
from waypost.storage.database import Database
from waypost.storage.sqlite.database import opened
from waypost.testing.executor import ScriptedExecutor
from waypost.testing.outbox_house import (
    INSTANCE,
    SETTINGS,
    House,
    Receipt,
    SharedStore,
    finished,
    rows,
    until,
)


class Node:
    """One node's outbox and what it sends with."""

    def __init__(self, outbox: Outbox, executor: ScriptedExecutor, store: SharedStore) -> None:
        self.outbox = outbox
        self.executor = executor
        self.store = store

    async def hold(self, epoch: int, instance: str = INSTANCE) -> None:
        await self.outbox.adopt([Tenure(instance, epoch)])

    async def accept(self, house: House, chat: str = "49") -> str:
        return (await self.outbox.accept(house.call(chat))).uuid


class Town:
    def __init__(self, house: House, database: Database, stack: AsyncExitStack) -> None:
        self.house = house
        self._database = database
        self._stack = stack

    async def node(self, **settings: Any) -> Node:
        executor, store = ScriptedExecutor(self.house.network), SharedStore(self._database)
        outbox = self.house.make(
            self._database, executor, msgspec.structs.replace(SETTINGS, **settings), store=store
        )
        await self._stack.enter_async_context(outbox.running())
        return Node(outbox, executor, store)


@pytest.fixture
async def town(house: House) -> AsyncIterator[Town]:
    async with AsyncExitStack() as stack:
        database = await stack.enter_async_context(opened(house.path))
        yield Town(house, database, stack)


def hold_up() -> tuple[asyncio.Event, Any]:
    """A script that waits until the event is set."""
    go = asyncio.Event()

    async def wait(_: Request) -> None:
        await go.wait()

    return go, wait


async def ack_lost(_: Request) -> None:
    raise OutcomeUnknown


async def test_what_one_node_accepts_the_holder_sends(town: Town) -> None:
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    uuid = await other.accept(town.house)
    holder.outbox.look([INSTANCE])
    assert (await finished(holder.outbox, uuid)).state is RequestState.SENT
    assert other.executor.calls == []


async def test_without_any_notice_it_is_found_all_the_same(town: Town) -> None:
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    uuid = await other.accept(town.house)
    assert (await finished(holder.outbox, uuid)).state is RequestState.SENT


async def test_a_caller_who_waits_at_another_node_learns_of_the_end(town: Town) -> None:
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    uuid = await other.accept(town.house)
    waiting = asyncio.create_task(finished(other.outbox, uuid))
    holder.outbox.look()
    assert (await waiting).state is RequestState.SENT


async def test_a_chat_keeps_the_order_in_which_nodes_accepted(town: Town) -> None:
    """The holder hears of nothing: what it accepts itself makes it look at what came before."""
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    uuids = [await node.accept(town.house) for node in (other, holder, other, other, holder, other, holder)]
    for uuid in uuids:
        await finished(holder.outbox, uuid)
    assert town.house.network.names("49") == [f"{uuid}/note" for uuid in uuids]


async def test_nobody_holds_it_and_it_waits(town: Town) -> None:
    first, second = await town.node(), await town.node()
    uuids = [await node.accept(town.house) for node in (first, second)]
    assert (await first.outbox.get(INSTANCE, uuids[1])).state is RequestState.QUEUED
    await second.hold(1)
    for uuid in uuids:
        await finished(second.outbox, uuid)
    assert town.house.network.names() == [f"{uuid}/note" for uuid in uuids]


async def test_a_release_lets_a_send_end_and_leaves_the_rest_to_the_next_holder(town: Town) -> None:
    first, second = await town.node(drain=10.0), await town.node()
    await first.hold(1)
    go, wait = hold_up()
    first.executor.plan("perform", wait)
    uuids = [await first.accept(town.house) for _ in range(3)]
    await until(lambda: first.executor.running == 1)
    leaving = asyncio.create_task(first.outbox.release([INSTANCE]))
    go.set()
    await leaving
    assert town.house.network.names() == [f"{uuids[0]}/note"]
    await second.hold(2)
    for uuid in uuids:
        await finished(second.outbox, uuid)
    assert town.house.network.names() == [f"{uuid}/note" for uuid in uuids]
    assert sum(call.startswith("perform ") for call in first.executor.calls) == 1


async def test_a_release_at_once_waits_for_no_send(town: Town) -> None:
    first, second = await town.node(drain=60.0), await town.node()
    await first.hold(1)
    first.executor.plan("perform", hold_up()[1])
    uuid = await first.accept(town.house)
    await until(lambda: first.executor.running == 1)
    async with asyncio.timeout(10):
        await first.outbox.release([INSTANCE], at_once=True)
    assert first.executor.running == 0
    await second.hold(2)
    assert (await finished(second.outbox, uuid)).state is RequestState.SENT


@pytest.mark.parametrize("point", ["perform", "performed"])
async def test_a_send_that_a_release_cuts_off_is_settled_by_the_next_holder(town: Town, point: str) -> None:
    first, second = await town.node(drain=0.0), await town.node()
    await first.hold(1)
    first.executor.plan(point, hold_up()[1])
    uuid = await first.accept(town.house)
    await until(lambda: any(call.startswith(point) for call in first.executor.calls))
    await first.outbox.release([INSTANCE])
    await second.hold(2)
    if point == "performed":
        await until(lambda: any(call.startswith("settle") for call in second.executor.calls))
        await asyncio.wait_for(_unknown(town.house, uuid), 10)
    else:
        assert (await finished(second.outbox, uuid)).state is RequestState.SENT
    assert town.house.network.names() == [f"{uuid}/note"]


async def test_a_receipt_that_another_node_stored_settles_a_send_also_when_word_of_it_is_lost(
    town: Town,
) -> None:
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    holder.executor.plan("performed", ack_lost)
    uuid = await holder.accept(town.house)
    await asyncio.wait_for(_unknown(town.house, uuid), 10)
    await other.outbox.on_receipts([Receipt.of(town.house.network.deliveries[0])])
    assert (await finished(holder.outbox, uuid)).state is RequestState.SENT
    assert town.house.network.names() == [f"{uuid}/note"]


async def test_a_node_that_does_not_hold_it_tells_what_a_request_waits_for(town: Town) -> None:
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    go, wait = hold_up()
    holder.executor.plan("perform", wait)
    holder.executor.plan("performed", ack_lost)
    first, second = [await holder.accept(town.house) for _ in range(2)]
    await until(lambda: holder.executor.running == 1)

    async def told() -> list[str | None]:
        listed = (await other.outbox.list(INSTANCE)).items
        single = [await other.outbox.get(INSTANCE, uuid) for uuid in (second, first)]
        assert [one.waiting_for for one in listed] == [one.waiting_for for one in single]
        return [one.waiting_for for one in single]

    assert await told() == ["older_request", None]
    go.set()
    await asyncio.wait_for(_unknown(town.house, first), 10)
    assert await told() == ["older_request", "receipt"]
    other.executor.connected = False
    assert await told() == ["connection", "connection"]


async def _unknown(house: House, uuid: str) -> None:
    while rows(house, f"SELECT state FROM steps WHERE uuid = '{uuid}'") != [("unknown",)]:
        await asyncio.sleep(0.01)


async def test_who_was_adopted_from_behind_its_back_changes_and_answers_nothing(town: Town) -> None:
    first, second = await town.node(), await town.node()
    await first.hold(1)
    go, wait = hold_up()
    first.executor.plan("prepare", wait)
    uuid = await first.accept(town.house)
    await until(lambda: len(first.executor.calls) == 1)
    await second.hold(2)
    await finished(second.outbox, uuid)
    go.set()
    await until(lambda: not first.outbox.busy)
    assert town.house.network.names() == [f"{uuid}/note"]
    assert rows(town.house, "SELECT epoch, state FROM requests") == [(2, "sent")]


async def test_an_instance_that_comes_back_waits_for_its_last_sends(town: Town) -> None:
    """Else the send that still runs would be taken for one that was never made."""
    node = await town.node(drain=10.0)
    await node.hold(1)
    go, wait = hold_up()
    node.executor.plan("perform", wait)
    uuid = await node.accept(town.house)
    await until(lambda: node.executor.running == 1)
    leaving = asyncio.create_task(node.outbox.release([INSTANCE]))
    await asyncio.sleep(0)
    coming = asyncio.create_task(node.hold(2))
    await asyncio.sleep(0.05)
    assert not coming.done()
    go.set()
    await asyncio.gather(leaving, coming)
    assert (await finished(node.outbox, uuid)).state is RequestState.SENT
    assert town.house.network.names() == [f"{uuid}/note"]


async def test_a_request_is_cancelled_at_any_node(town: Town) -> None:
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    holder.executor.connected = False
    uuids = [await holder.accept(town.house) for _ in range(2)]
    assert (await other.outbox.cancel(INSTANCE, uuids[0])).state is RequestState.CANCELLED
    holder.outbox.cancelled(INSTANCE, uuids[0])
    holder.executor.connected = True
    holder.outbox.wake(INSTANCE)
    await finished(holder.outbox, uuids[1])
    assert town.house.network.names() == [f"{uuids[1]}/note"]
    with pytest.raises(OutboxError) as refused:
        await other.outbox.cancel(INSTANCE, uuids[1])
    assert refused.value.fault is NOT_CANCELLABLE


async def test_a_cancelled_request_that_is_tried_again_elsewhere_is_sent_once(town: Town) -> None:
    """The holder hears of neither: its next guarded write fails, and its next look finds the new one."""
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    holder.executor.connected = False
    uuid = await holder.accept(town.house)
    await other.outbox.cancel(INSTANCE, uuid)
    await other.outbox.retry(INSTANCE, uuid)
    holder.outbox.look()
    holder.executor.connected = True
    holder.outbox.wake(INSTANCE)
    await finished(holder.outbox, uuid)
    assert town.house.network.names() == [f"{uuid}/note"]


async def test_adoption_goes_on_when_the_database_does_and_misses_nothing(
    town: Town, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The commit went through, its answer did not: the rows have the epoch already."""
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    real, lost = holder.store.adopt, 2

    async def adopt(*args: Any, **options: Any) -> Any:
        nonlocal lost
        found = await real(*args, **options)
        if lost:
            lost -= 1
            raise StorageError(STORAGE_UNAVAILABLE)
        return found

    monkeypatch.setattr(holder.store, "adopt", adopt)
    uuids = [await other.accept(town.house) for _ in range(3)]
    holder.outbox.look()
    for uuid in uuids:
        await finished(holder.outbox, uuid)
    assert town.house.network.names() == [f"{uuid}/note" for uuid in uuids]


async def test_the_names_of_chats_come_with_the_instance(town: Town) -> None:
    first, second = await town.node(), await town.node()
    await first.hold(1)
    await first.outbox.merge_chats(INSTANCE, "49", "lid")
    await first.outbox.release([INSTANCE])
    await second.hold(2)
    uuid = await first.accept(town.house, "49")
    second.outbox.look()
    assert (await finished(second.outbox, uuid)).chat_key == "lid"
    page = await first.outbox.list(INSTANCE, chat_key="49")
    assert [one.uuid for one in page.items] == [uuid]


async def test_what_waits_at_other_nodes_fills_the_queue_too(town: Town) -> None:
    other, holder = await town.node(max_unfinished=3), await town.node()
    await holder.hold(1)
    holder.executor.connected = False
    for _ in range(3):
        await other.accept(town.house)
    with pytest.raises(OutboxError) as refused:
        await other.accept(town.house)
    assert refused.value.fault is QUEUE_FULL


async def test_a_deleted_instance_takes_what_others_accepted_with_it(town: Town) -> None:
    other, holder = await town.node(), await town.node()
    await holder.hold(1)
    holder.executor.connected = False
    uuids = [await node.accept(town.house) for node in (other, holder)]
    await holder.outbox.drop_instance(INSTANCE)
    for uuid in uuids:
        assert (await other.outbox.get(INSTANCE, uuid)).state is RequestState.CANCELLED
