"""Engine processes and gateways that die at the worst moment."""

import asyncio
import contextlib
import os
import secrets
import signal
import sys
import time
from pathlib import Path

import msgspec
import pytest

from waypost.engine.port import MaybeSent, MessageArrived, NeverSent, Paired
from waypost.engine.settings import EngineSettings
from waypost.engine.store_folder import Owner, instance_folder, record_owner, recorded_owner, started_at
from waypost.errors import NOT_CONNECTED, EngineError, OutcomeUnknown
from waypost.sandbox.views import NewContact, Send
from waypost.testing.engine_stage import EngineStage, engine_stage, stage_on, text_order

PHONE, ANN = "+4915112345678", "+4915200000001"

GATEWAY = Path(__file__).with_name("gateway_driver.py")


async def ready(stage: EngineStage) -> None:
    await stage.sandbox.add_contact(NewContact(phone=ANN))
    await stage.paired("shop", PHONE)
    await stage.connected("shop")


def kill_engine(stage: EngineStage) -> None:
    os.kill(stage.engine.processes[0].pid, signal.SIGKILL)


async def test_sessions_come_back_by_themselves_after_kill_9(tmp_path: Path) -> None:
    async with engine_stage(tmp_path, EngineSettings(folder=tmp_path, sessions_per_process=3)) as stage:
        names = [f"i{number}" for number in range(5)]
        phones = [f"+49151000000{number:02}" for number in range(5)]
        await asyncio.gather(*(stage.paired(*both) for both in zip(names, phones, strict=True)))
        await asyncio.gather(*(stage.connected(name) for name in names))
        assert sorted(len(process.sessions) for process in stage.engine.processes) == [2, 3]
        since = len(stage.events.events)
        for process in stage.engine.processes:
            os.kill(process.pid, signal.SIGKILL)
        reasons = await asyncio.gather(*(stage.events.state(name, "disconnected", since) for name in names))
        assert set(reasons) == {"engine_died"}
        began = time.monotonic()
        await asyncio.gather(*(stage.session(name) for name in names))
        assert time.monotonic() - began < 10  # 0.6 s on an idle machine
        assert len(stage.engine.processes) == 2


async def test_a_session_that_is_closed_lets_its_sends_end_first(stage: EngineStage) -> None:
    await ready(stage)
    session = await stage.session("shop")
    sends = [asyncio.create_task(session.send(text_order(str(number), ANN))) for number in range(10)]
    await asyncio.wait(sends, return_when=asyncio.FIRST_COMPLETED)
    await stage.engine.close("shop")
    for sent in await asyncio.gather(*sends):
        assert await stage.arrived(ANN, sent.message_id) == 1
    with pytest.raises(EngineError) as caught:
        await session.send(text_order("too late", ANN))
    assert caught.value.fault is NOT_CONNECTED


async def test_sends_cut_off_by_kill_9_are_never_called_unsent_when_they_arrived(stage: EngineStage) -> None:
    await ready(stage)
    answered, settled = 0, 0
    for round_number in range(3):
        session = await stage.session("shop")
        orders = [text_order(f"{round_number}/{number}", ANN) for number in range(30)]
        since = len(stage.events.events)
        sends = [asyncio.create_task(session.send(order)) for order in orders]
        await asyncio.wait([sends[2 + round_number]])
        kill_engine(stage)
        ends = await asyncio.gather(*sends, return_exceptions=True)
        await stage.events.state("shop", "connected", since)
        session = await stage.session("shop")
        for order, end in zip(orders, ends, strict=True):
            found = await session.settle(order.secret, session.mark)
            if isinstance(end, OutcomeUnknown):
                settled += 1
                assert found == MaybeSent(message_id=end.message_id or "")
            elif isinstance(end, EngineError):
                assert found == NeverSent()  # so the outbox sends it again
            else:
                assert not isinstance(end, BaseException)
                answered += 1
                assert found == MaybeSent(message_id=end.message_id)
                assert await stage.arrived(ANN, end.message_id) == 1
    assert answered >= 9
    assert settled <= 3  # at most the one that was in the library at each kill


async def test_events_that_were_spooled_survive_kill_9(stage: EngineStage) -> None:
    """Trap 3: the library has told the server that it has them. What it has decrypted but not yet reported
    when it is killed is lost inside of it, at most one message for each kill."""
    await ready(stage)
    texts = [f"message {number} {secrets.token_hex(4)}" for number in range(90)]

    def missing() -> set[str]:
        contents = b"".join(e.content for e in stage.events.events if isinstance(e, MessageArrived))
        return {text for text in texts if text.encode() not in contents}

    async def pour() -> None:
        for text in texts:
            await stage.sandbox.send(ANN, Send(to=PHONE, text=text))

    pouring = asyncio.create_task(pour())
    for kill_at in (60, 30):
        await stage.events.until(lambda at=kill_at: len(missing()) < at)  # type: ignore[misc]
        kill_engine(stage)
        await stage.session("shop")
    await pouring
    await stage.events.until(lambda: len(missing()) <= 2)
    with contextlib.suppress(TimeoutError):
        await stage.events.until(lambda: not missing(), within=1.0)
    assert len(missing()) <= 2
    keys = {event.key for event in stage.events.events if isinstance(event, MessageArrived)}
    assert len(keys) == len(texts) - len(missing())


async def test_events_that_the_sink_did_not_take_come_again_after_a_restart(stage: EngineStage) -> None:
    await ready(stage)
    stage.events.refusing = True
    await stage.sandbox.send(ANN, Send(to=PHONE, text="not taken"))
    spool = stage.settings.folder / "instances/shop/spool"

    def spooled() -> bool:
        return any(b"not taken" in path.read_bytes() for path in spool.glob("*.seg"))

    await stage.events.until(spooled)
    kill_engine(stage)
    stage.events.refusing = False
    await stage.events.until(lambda: any(isinstance(event, MessageArrived) for event in stage.events.events))


async def test_a_pairing_that_nobody_could_take_note_of_is_told_again(stage: EngineStage) -> None:
    await stage.sandbox.add_phone(PHONE)
    code = await stage.code("shop")
    stage.events.refusing = True
    await stage.sandbox.scan(PHONE, code.text)
    await stage.events.until((stage.settings.folder / "instances/shop/store/session.db").exists)
    stage.events.refusing = False
    await stage.events.until(lambda: isinstance(stage.events.steps[-1][1], Paired))


async def test_a_session_can_be_closed_at_any_moment_of_its_start(stage: EngineStage) -> None:
    await ready(stage)
    for pause in (0.0, 0.2, 0.3, 0.35, 0.4):
        await stage.engine.close("shop")
        await stage.engine.open("shop", stage.network)
        await asyncio.sleep(pause)
    await stage.engine.close("shop")
    assert stage.engine.session("shop") is None
    devices = (await stage.sandbox.phone(PHONE)).devices
    assert [device.online for device in devices] == [False]
    await stage.connected("shop")


async def test_a_network_that_can_not_be_reached_is_tried_again(stage: EngineStage) -> None:
    await ready(stage)
    await stage.engine.close("shop")
    elsewhere = msgspec.structs.replace(stage.network, proxy_url="http://127.0.0.1:9")
    await stage.engine.open("shop", elsewhere)
    since = len(stage.events.events)
    assert await stage.events.state("shop", "disconnected", since) == "unreachable"
    again = len(stage.events.events)
    assert await stage.events.state("shop", "disconnected", again) == "unreachable"
    await stage.engine.close("shop")
    await stage.connected("shop")


async def test_a_process_that_is_stuck_is_replaced(tmp_path: Path) -> None:
    async with engine_stage(tmp_path, EngineSettings(folder=tmp_path, silence_within=0.8)) as stage:
        await ready(stage)
        since = len(stage.events.events)
        stuck = stage.engine.processes[0].pid
        os.kill(stuck, signal.SIGSTOP)
        assert await stage.events.state("shop", "disconnected", since) == "engine_died"
        await stage.session("shop")
        assert started_at(stuck) is None


async def test_an_engine_process_ends_with_its_gateway(stage: EngineStage) -> None:
    await ready(stage)
    await stage.engine.close("shop")
    gateway = await asyncio.create_subprocess_exec(
        sys.executable,
        str(GATEWAY),
        stage.control_url,
        str(stage.settings.folder),
        stdout=asyncio.subprocess.PIPE,
    )
    assert gateway.stdout is not None
    while not (line := await gateway.stdout.readline()).startswith(b"pid "):
        assert line
    engine_pid = int(line.split()[1])
    assert started_at(engine_pid) is not None
    gateway.kill()
    await stage.events.until(lambda: started_at(engine_pid) is None, within=5)
    await stage.connected("shop")
    await gateway.wait()


async def test_an_engine_process_that_was_left_behind_is_ended_before_its_store_is_opened(
    stage: EngineStage,
) -> None:
    await ready(stage)
    await stage.engine.close("shop")
    left = await asyncio.create_subprocess_exec("sleep", "600")
    folder = instance_folder(stage.settings.folder / "instances", "shop")
    record_owner(folder, Owner(left.pid, started_at(left.pid) or 0))
    await stage.connected("shop")
    assert await left.wait() == -signal.SIGKILL


async def test_a_recorded_process_whose_pid_belongs_to_somebody_else_is_left_alone(
    stage: EngineStage,
) -> None:
    await ready(stage)
    await stage.engine.close("shop")
    stranger = await asyncio.create_subprocess_exec("sleep", "600")
    folder = instance_folder(stage.settings.folder / "instances", "shop")
    record_owner(folder, Owner(stranger.pid, (started_at(stranger.pid) or 0) - 1))
    assert recorded_owner(folder) is None
    await stage.connected("shop")
    assert stranger.returncode is None
    stranger.kill()
    await stranger.wait()


async def test_a_second_engine_can_not_open_a_store_that_is_open(stage: EngineStage, tmp_path: Path) -> None:
    await ready(stage)
    second = await stage_on(stage.sandbox, stage.control_url, stage.settings.folder)
    async with second.engine:
        holder = stage.engine.processes[0]
        folder = instance_folder(stage.settings.folder / "instances", "shop")
        record_owner(folder, Owner(holder.pid, 0))  # as if it could not be found
        await second.engine.open("shop", second.network)
        assert await second.events.state("shop", "disconnected") == "data_folder_busy"
        assert second.engine.session("shop") is None
        assert stage.engine.session("shop") is not None
