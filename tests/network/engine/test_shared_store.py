"""Sessions in PostgreSQL, and what a process can still do whose lease is over: nothing."""

import asyncio
import os
import secrets
import signal
import time
from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import psycopg
import pytest

from waypost.engine.groups import CreateGroup
from waypost.engine.port import NeverSent, SendOrder, Session
from waypost.engine.store_folder import started_at
from waypost.errors import NOT_CONNECTED, EngineError, OutcomeUnknown
from waypost.sandbox.views import NewContact
from waypost.testing.engine_stage import text_order
from waypost.testing.store_stage import StoreStage, store_stage

ANN = "+4915200000001"
_NUMBERS = count(1)


@pytest.fixture
async def town(tmp_path: Path, postgres_url: str) -> AsyncIterator[StoreStage]:
    async with store_stage(tmp_path, postgres_url) as stage:
        await stage.stage.sandbox.add_contact(NewContact(phone=ANN))
        yield stage


async def open_shop(town: StoreStage, name: str = "shop") -> Session:
    await town.hold(name)
    await town.stage.paired(name, f"+49151{next(_NUMBERS):08}")
    return await town.stage.connected(name)


async def got(town: StoreStage) -> list[str | None]:
    return [message.text for message in (await town.stage.sandbox.inbox(ANN)).messages]


async def test_sessions_live_side_by_side_in_one_database_and_go_with_a_logout(town: StoreStage) -> None:
    shop, store = await open_shop(town, "shop"), await open_shop(town, "st.o_re-2")
    assert await town.schemas() == ["session_shop", "session_st.o_re-2"]
    for session in (shop, store):
        sent = await session.send(text_order("hello", ANN))
        assert await town.stage.arrived(ANN, sent.message_id) == 1
    mark = shop.mark
    await town.stage.engine.close("shop")
    shop = await town.stage.connected("shop")
    assert shop.mark == mark
    sent = await shop.send(text_order("again", ANN))
    assert await town.stage.arrived(ANN, sent.message_id) == 1
    await town.stage.engine.logout("shop")
    assert await town.schemas() == ["session_st.o_re-2"]
    # Nothing of it is on this machine, but for events on their way.
    left = [path.name for path in town.stage.settings.folder.rglob("*") if path.suffix == ".db"]
    assert left == []
    assert not Path("postgresql:").exists()  # as the library tries the address first


LOSSES = (
    "UPDATE leases SET node_id = 'other', epoch = epoch + 1 WHERE instance_id = %s",
    "UPDATE leases SET expires_at = now() WHERE instance_id = %s",
    "DELETE FROM leases WHERE instance_id = %s",
)


async def test_a_send_under_a_lease_that_is_over_never_leaves_and_says_so(town: StoreStage) -> None:
    stranger = f"+49170{secrets.randbelow(10**7):07}"
    await town.stage.sandbox.add_contact(NewContact(phone=stranger))
    for number, loss in enumerate(LOSSES):
        name = f"shop-{number}"
        session = await open_shop(town, name)
        await session.send(text_order(f"before {number}", ANN))
        await town.sql(loss, name)
        for chat in (ANN, ANN, stranger):  # known, and one without keys yet
            order = text_order("too late", chat)
            with pytest.raises(EngineError) as caught:
                await session.send(order)
            assert caught.value.fault is NOT_CONNECTED
            assert await session.settle(order.secret, session.mark) == NeverSent()
    assert await got(town) == ["before 0", "before 1", "before 2"]
    assert not (await town.stage.sandbox.inbox(stranger)).messages


async def test_a_message_to_a_group_under_a_lease_that_is_over_never_leaves(town: StoreStage) -> None:
    """Sender keys are behind the same fence: a stale owner does not even write to those whom it needs no
    other key for."""
    session = await open_shop(town)
    made = await session.group(CreateGroup(subject="Plans", members=[f"{ANN[1:]}@s.whatsapp.net"]))
    group = made.groups[0].jid
    before = await session.send(group_order("to all, before", group))
    assert await town.stage.arrived(ANN, before.message_id) == 1
    await town.sql(LOSSES[0], "shop")
    order = group_order("to all, too late", group)
    with pytest.raises(EngineError) as caught:
        await session.send(order)
    assert caught.value.fault is NOT_CONNECTED
    assert await session.settle(order.secret, session.mark) == NeverSent()
    assert await got(town) == ["to all, before"]


def group_order(text: str, group: str) -> SendOrder:
    return SendOrder(chat=group, content={"conversation": text}, secret=secrets.token_bytes(32))


async def test_the_next_holder_goes_on_where_the_last_one_was_stopped(town: StoreStage) -> None:
    stale = await open_shop(town)
    await stale.send(text_order("one", ANN))
    await town.take("shop")
    order = text_order("lost", ANN)
    with pytest.raises(EngineError):
        await stale.send(order)
    await town.stage.engine.close("shop")
    town.epochs["shop"] = 8
    fresh = await town.stage.connected("shop")
    assert await fresh.settle(order.secret, stale.mark) == NeverSent()
    for text in ("two", "three"):
        sent = await fresh.send(text_order(text, ANN))
        assert await town.stage.arrived(ANN, sent.message_id) == 1
    assert await got(town) == ["one", "two", "three"]


async def test_a_message_that_could_be_encrypted_for_nobody_is_called_unsent(town: StoreStage) -> None:
    """The library leaves out devices whose keys it can't store, and the server acks the rest: nothing."""
    session = await open_shop(town)
    await session.send(text_order("before", ANN))
    await town.sql('ALTER TABLE "session_shop".whatsmeow_identity_keys RENAME TO gone')
    with pytest.raises(EngineError) as caught:
        await session.send(text_order("to nobody", ANN))
    assert caught.value.fault is NOT_CONNECTED
    assert await got(town) == ["before"]
    await town.sql('ALTER TABLE "session_shop".gone RENAME TO whatsmeow_identity_keys')
    sent = await session.send(text_order("after", ANN))
    assert await town.stage.arrived(ANN, sent.message_id) == 1


async def test_an_engine_process_that_was_halted_beyond_its_lease_sends_nothing_when_it_wakes(
    town: StoreStage,
) -> None:
    session = await open_shop(town)
    await session.send(text_order("before", ANN))
    pid = town.stage.engine.processes[0].pid
    town.stage.engine.until(time.monotonic() + 2.0)
    sends = []
    os.kill(pid, signal.SIGSTOP)
    try:
        orders = [text_order(f"late {number}", ANN) for number in range(5)]
        sends = [asyncio.create_task(session.send(order)) for order in orders]
        await town.take("shop")
        # As if this gateway were halted as well: it does not end the process at the deadline.
        end = town.stage.engine._end
        assert end is not None
        end.cancel()
        await asyncio.sleep(2.2)
    finally:
        os.kill(pid, signal.SIGCONT)
    ends = await asyncio.gather(*sends, return_exceptions=True)
    await town.stage.events.until(lambda: started_at(pid) is None)
    for error in ends:
        assert isinstance(error, EngineError)
        assert error.fault is NOT_CONNECTED
    assert await got(town) == ["before"]


async def test_engine_processes_end_by_themselves_when_their_gateway_names_no_later_deadline(
    town: StoreStage,
) -> None:
    session = await open_shop(town)
    pid = town.stage.engine.processes[0].pid
    for _ in range(3):
        town.stage.engine.until(time.monotonic() + 1.0)
        await asyncio.sleep(0.4)
    await session.send(text_order("in time", ANN))
    assert town.stage.engine._end is not None
    town.stage.engine._end.cancel()
    await town.stage.events.until(lambda: started_at(pid) is None, within=5)


async def test_the_store_of_an_instance_that_is_held_elsewhere_is_not_touched(town: StoreStage) -> None:
    await open_shop(town)
    await town.stage.engine.close("shop")
    await town.take("shop")
    with pytest.raises(EngineError) as caught:
        await town.stage.engine.logout("shop")
    assert caught.value.fault is NOT_CONNECTED
    del town.epochs["shop"]
    with pytest.raises(EngineError) as caught:
        await town.stage.engine.open("shop", town.stage.network)
    assert caught.value.fault is NOT_CONNECTED
    assert await town.schemas() == ["session_shop"]


async def test_what_is_called_sent_arrives_and_what_is_called_unsent_does_not_while_connections_are_cut(
    town: StoreStage,
) -> None:
    session = await open_shop(town)
    await session.send(text_order("before", ANN))
    over = asyncio.Event()

    async def cut() -> int:
        times = 0
        while not over.is_set():
            cut = await town.sql(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE application_name = 'waypost-engine' AND datname = current_database()"
            )
            times += len(cut)
            await asyncio.sleep(0.007)
        return times

    cutting = asyncio.create_task(cut())
    sent: list[str] = []
    unsent: list[str] = []
    unknown: list[str] = []
    for number in range(60):
        text = f"number {number}"
        try:
            # A process that could not store an id ends, and its session comes back.
            session = await town.stage.session("shop")
            await session.send(text_order(text, ANN))
            sent.append(text)
        except OutcomeUnknown:
            unknown.append(text)
        except EngineError:
            unsent.append(text)
    over.set()
    times = await cutting
    last = await (await town.stage.session("shop")).send(text_order("after", ANN))
    assert await town.stage.arrived(ANN, last.message_id) == 1
    arrived = await got(town)
    print(f"{times} connections cut: {len(sent)} sent, {len(unsent)} not, {len(unknown)} unknown")
    assert times
    assert [text for text in sent if arrived.count(text) != 1] == []
    assert [text for text in unsent if text in arrived] == []
    assert [text for text in unknown if arrived.count(text) > 1] == []


async def test_a_send_that_was_cut_off_before_its_ratchet_was_written_has_not_left(town: StoreStage) -> None:
    """Its message id is stored by then; the frame leaves only after the ratchet."""
    session = await open_shop(town)
    await session.send(text_order("before", ANN))
    order = text_order("held up", ANN)
    pid = town.stage.engine.processes[0].pid

    async def stored() -> bool:
        query = "SELECT 1 FROM session_shop.whatsmeow_message_secrets WHERE key = %s"
        return bool(await town.sql(query, order.secret))

    async with await psycopg.AsyncConnection.connect(town.url) as other:
        await other.execute("LOCK TABLE session_shop.whatsmeow_sessions IN EXCLUSIVE MODE")
        sending = asyncio.create_task(session.send(order))
        async with asyncio.timeout(10):
            while not await stored():
                await asyncio.sleep(0.02)
        os.kill(pid, signal.SIGKILL)
        with pytest.raises(EngineError) as caught:
            await sending
        assert caught.value.fault is NOT_CONNECTED
        assert await session.settle(order.secret, session.mark) == NeverSent()
    assert await got(town) == ["before"]


async def test_a_message_whose_id_could_not_be_stored_does_not_leave(town: StoreStage) -> None:
    """The library would send it all the same; nobody could tell afterwards that it has left."""
    session = await open_shop(town)
    await session.send(text_order("before", ANN))
    pid = town.stage.engine.processes[0].pid
    order = text_order("without an id", ANN)
    await town.sql("ALTER TABLE session_shop.whatsmeow_message_secrets RENAME TO gone")
    with pytest.raises(EngineError):
        await session.send(order)
    await town.stage.events.until(lambda: started_at(pid) is None)
    await town.sql("ALTER TABLE session_shop.gone RENAME TO whatsmeow_message_secrets")
    assert await session.settle(order.secret, session.mark) == NeverSent()
    session = await town.stage.session("shop")
    sent = await session.send(text_order("after", ANN))
    assert await town.stage.arrived(ANN, sent.message_id) == 1
    assert await got(town) == ["before", "after"]
