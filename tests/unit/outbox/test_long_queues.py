"""A queue much longer than what of it is in memory."""

from collections import Counter
from pathlib import Path

import msgspec
import pytest

from waypost.errors import INSTANCE_QUEUE_FULL, RESTRICTED, EngineError, OutboxError
from waypost.outbox.open_chats import OpenChat
from waypost.outbox.outbox import Outbox
from waypost.outbox.request import Request, RequestState
from waypost.testing.executor import Script
from waypost.testing.outbox_house import INSTANCE, SETTINGS, House, finished, rows, until, waiting

LONG = msgspec.structs.replace(SETTINGS, window=16, window_of_chat=4, expires=1_000.0)


@pytest.fixture
def house(tmp_path: Path) -> House:
    """Each test here has a window of its own."""
    return House(tmp_path / "waypost.db")


async def fill(house: House, outbox: Outbox, count: int, chats: int) -> list[str]:
    return [(await outbox.accept(house.call(f"c{n % chats}"))).uuid for n in range(count)]


def in_memory(outbox: Outbox) -> int:
    return sum(len(lane.entries()) for lane in outbox._lanes)


def unfinished(house: House) -> int:
    (row,) = rows(house, "SELECT count(*) FROM requests WHERE finished_at IS NULL")
    return int(str(row[0]))


def restricted(until_then: float, open_chats: set[str]) -> Script:
    async def script(request: Request) -> None:
        if request.chat_key not in open_chats:
            raise EngineError(RESTRICTED, until=until_then)

    return script


@pytest.mark.parametrize("chats", [1, 5, 300])
async def test_memory_holds_a_window_and_all_is_sent_in_order(house: House, chats: int) -> None:
    most = 16 + 4 * 16
    async with house.open(settings=LONG) as (outbox, executor):
        executor.connected = False
        uuids = await fill(house, outbox, 300, chats)
        assert 0 < in_memory(outbox) <= 16
    async with house.open(settings=LONG) as (outbox, executor):
        executor.connected = False
        await until(lambda: in_memory(outbox) > 0)
        executor.connected = True
        outbox.wake(INSTANCE)
        largest = 0
        while unfinished(house):
            largest = max(largest, in_memory(outbox))
            await finished(outbox, uuids[len(house.network.deliveries) % 300])
        assert largest <= most
    for chat in range(chats):
        assert house.network.names(f"c{chat}") == [f"{uuid}/note" for uuid in uuids[chat::chats]]


async def test_chats_that_wait_long_leave_room_for_those_that_can_go_on(house: House) -> None:
    async with house.open(settings=LONG) as (outbox, executor):
        until_then = house.clock.now() + 500
        executor.always("perform", restricted(until_then, {"open"}))
        await outbox.on_written([OpenChat(INSTANCE, "open")])
        held = await fill(house, outbox, 60, 60)
        reply = (await outbox.accept(house.call("open"))).uuid
        await waiting(outbox, held[0], "restriction")
        for _ in range(200):
            if (await outbox.wait(INSTANCE, reply, 0.05)).state.finished:
                break
            house.clock.advance(1.1)  # how often room is looked for
            outbox.wake(INSTANCE)
        assert house.network.names() == [f"{reply}/note"]
        assert in_memory(outbox) < 60
        assert (await outbox.get(INSTANCE, held[0])).next_attempt_at == until_then
        executor.always("perform", restricted(0.0, {f"c{n}" for n in range(60)}))
        house.clock.advance(600)
        outbox.wake(INSTANCE)
        for uuid in held:
            assert (await finished(outbox, uuid)).state is RequestState.SENT


async def test_a_chat_that_opens_while_it_waits_outside_of_memory_goes_on_at_once(house: House) -> None:
    async with house.open(settings=LONG) as (outbox, executor):
        open_chats: set[str] = set()
        executor.always("perform", restricted(house.clock.now() + 500, open_chats))
        held = await fill(house, outbox, 60, 60)
        for uuid in held:
            await waiting(outbox, uuid, "restriction")
        lane = next(iter(outbox._lanes))
        outside = next(n for n, uuid in enumerate(held) if lane.find(uuid) is None)
        open_chats.add(f"c{outside}")
        await outbox.on_written([OpenChat(INSTANCE, f"c{outside}")])
        assert (await finished(outbox, held[outside])).state is RequestState.SENT
        assert house.network.names() == [f"{held[outside]}/note"]


async def test_what_expires_outside_of_memory_ends_with_its_reason(house: House) -> None:
    async with house.open(settings=LONG) as (outbox, executor):
        executor.connected = False
        uuids = await fill(house, outbox, 200, 20)
        house.clock.advance(1_001)
        outbox.wake(INSTANCE)
        for uuid in uuids:
            request = await finished(outbox, uuid)
            assert request.failure is not None
            assert request.failure.code == "expired"
        assert outbox.depths.total == 0


async def test_requests_outside_of_memory_are_cancelled_retried_and_told(house: House) -> None:
    async with house.open(settings=LONG) as (outbox, executor):
        executor.connected = False
        uuids = await fill(house, outbox, 60, 2)
        last = uuids[-1]
        assert (await outbox.get(INSTANCE, last)).waiting_for == "connection"
        assert (await outbox.cancel(INSTANCE, last)).state is RequestState.CANCELLED
        assert outbox.depths.total == 59
        again = await outbox.retry(INSTANCE, last)
        assert again.state is RequestState.QUEUED
        cancelled = await outbox.cancel(INSTANCE, uuids[40])
        executor.connected = True
        outbox.wake(INSTANCE)
        for uuid in (one for one in uuids if one != cancelled.uuid):
            assert (await finished(outbox, uuid)).state is RequestState.SENT
    sent = Counter(house.network.names())
    assert set(sent.values()) == {1}
    assert len(sent) == 59


async def test_a_deleted_instance_ends_its_whole_queue(house: House) -> None:
    async with house.open(settings=LONG) as (outbox, executor):
        executor.connected = False
        await fill(house, outbox, 200, 20)
        await outbox.drop_instance(INSTANCE)
        assert unfinished(house) == 0
        assert outbox.depths.total == 0


async def test_a_full_instance_says_when_to_come_back_and_others_go_on(house: House) -> None:
    settings = msgspec.structs.replace(LONG, max_of_instance=5)
    async with house.open(settings=settings) as (outbox, executor):
        executor.connected = False
        await fill(house, outbox, 5, 5)
        with pytest.raises(OutboxError) as refused:
            await outbox.accept(house.call())
        assert refused.value.fault is INSTANCE_QUEUE_FULL
        assert refused.value.facts == {"retry_after": 60}
        await outbox.accept(house.call(instance="another"))
        executor.connected = True
        outbox.wake(INSTANCE)
        await until(lambda: unfinished(house) <= 1)
        await outbox.accept(house.call())


async def test_names_of_a_chat_are_joined_in_a_queue_that_is_not_in_memory(house: House) -> None:
    async with house.open(settings=LONG) as (outbox, executor):
        executor.connected = False
        uuids = [(await outbox.accept(house.call(("number", "lid")[n % 2]))).uuid for n in range(60)]
        await outbox.merge_chats(INSTANCE, "number", "lid")
        executor.connected = True
        outbox.wake(INSTANCE)
        for uuid in uuids:
            assert (await finished(outbox, uuid)).state is RequestState.SENT
    assert house.network.names() == [f"{uuid}/note" for uuid in uuids]
