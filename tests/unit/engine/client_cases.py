"""Run by test_translation.py: a client of a library that is played."""

import asyncio
import queue
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from unittest.mock import patch

import pytest

from waypost.engine.hosts.whatsmeow.library import allow_protobufs, package_folder

allow_protobufs(package_folder())

from neonize.proto import Neonize_pb2 as proto  # noqa: E402

from waypost.engine.hosts.whatsmeow import client, incoming  # noqa: E402
from waypost.engine.hosts.whatsmeow.client import Client, StillStarting  # noqa: E402
from waypost.engine.hosts.whatsmeow.gate import StartGate  # noqa: E402
from waypost.errors import NOT_CONNECTED, EngineError  # noqa: E402

REPORT_S = 0.3
DIALING = ("Client/Socket", "DEBUG", "Dialing wss://web.whatsapp.com/ws/chat")
REFUSED = (
    "Client",
    "INFO",
    "Got 401: logged out from another device connect failure, sending LoggedOut event and deleting session",
)


class PlayedLibrary:
    """Its start does what it is told to, in its own thread, and never returns unless told."""

    def __init__(self) -> None:
        self.begun = threading.Event()
        self.dialed = threading.Event()
        self._script: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._event: Callable[[int, bytes], None] = lambda code, data: None
        self._log: Callable[[bytes], None] = lambda data: None

    def run(self, *arguments: Any) -> str:
        self._event, self._log = arguments[5:]
        self.begun.set()
        while (act := self._script.get()) is not None:
            act()
        return "failed to dial"

    def say(self, line: tuple[str, str, str]) -> None:
        name, level, message = line
        entry = proto.LogEntry(Name=name, Level=level, Message=message).SerializeToString()
        self._script.put(lambda: self._log(entry))

    def dial(self) -> None:
        self.say(DIALING)
        self._script.put(self.dialed.set)

    def event(self, code: int, data: bytes) -> None:
        self._script.put(lambda: self._event(code, data))

    def fail(self) -> None:
        self._script.put(None)


def ignore(_: bool) -> None:
    pass


class Stage:
    def __init__(self, gate: StartGate) -> None:
        self.library, self.events, self.slow = PlayedLibrary(), list[tuple[int, bytes]](), list[bool]()
        self.client = Client(
            self.library,  # type: ignore[arg-type]
            gate,
            "client-1",
            "",
            None,
            b"",
            lambda code, data: self.events.append((code, data)),
            lambda data: None,
            lambda: self.slow.append(True),
        )
        self.running = asyncio.create_task(self.client.run())

    async def begun(self) -> None:
        assert await asyncio.to_thread(self.library.begun.wait, 10)

    async def dialed(self) -> None:
        assert await asyncio.to_thread(self.library.dialed.wait, 10)


async def a_start_holds_the_calls_of_others_until_it_dials(pool: ThreadPoolExecutor) -> None:
    gate = StartGate(pool, ignore, hold=20)
    stage = Stage(gate)
    await stage.begun()
    call = asyncio.create_task(gate.call(lambda: None))
    stage.library.say(("Database", "DEBUG", "Dialing nobody"))
    await asyncio.sleep(0.05)
    assert not call.done()
    stage.library.dial()
    await call
    assert not stage.slow
    with pytest.raises(EngineError) as caught:
        await stage.client.call(lambda library, client: None)
    assert caught.value.fault is NOT_CONNECTED
    stage.library.event(0, b"")
    await stage.client.settled()
    await stage.client.call(lambda library, client: None)


async def starts_dial_when_the_last_of_them_has_written_and_reconnects_at_once(
    pool: ThreadPoolExecutor,
) -> None:
    gate = StartGate(pool, ignore, hold=20)
    first, second = Stage(gate), Stage(gate)
    await first.begun()
    first.library.dial()
    await second.begun()
    assert not first.library.dialed.is_set()
    second.library.dial()
    await asyncio.gather(first.dialed(), second.dialed())
    first.library.dialed.clear()
    first.library.dial()
    await first.dialed()
    first.library.event(0, b"")
    second.library.fail()
    await asyncio.gather(first.client.settled(), second.client.settled())


async def a_client_whose_turn_does_not_come_goes_elsewhere(pool: ThreadPoolExecutor) -> None:
    gate = StartGate(pool, ignore, occupied=0.05)
    far = Stage(gate)
    await far.begun()
    far.library.dial()
    await far.dialed()
    waits = Stage(gate)
    assert not await waits.client.begins()
    await asyncio.wait([waits.running])
    assert waits.running.cancelled()
    assert not waits.library.begun.is_set()
    await waits.client.disconnect()
    far.library.fail()
    await far.client.settled()


async def a_client_whose_network_does_not_answer_can_not_be_disconnected(pool: ThreadPoolExecutor) -> None:
    stage = Stage(StartGate(pool, ignore))
    await stage.begun()
    stage.library.dial()
    await stage.dialed()
    with pytest.raises(StillStarting):
        await stage.client.disconnect()
    stage.library.fail()
    assert await stage.running == "failed to dial"
    await stage.client.disconnect()


async def a_logout_that_the_library_does_not_report_is_reported(pool: ThreadPoolExecutor) -> None:
    stage = Stage(StartGate(pool, ignore))
    await stage.begun()
    stage.library.dial()
    stage.library.say(REFUSED)
    await stage.client.settled()
    ((code, data),) = stage.events
    event = proto.LoggedOut.FromString(data)
    assert (code, event.OnConnect, event.Reason) == (incoming.LOGGED_OUT, True, 2)


async def a_logout_that_the_library_reports_is_reported_once(pool: ThreadPoolExecutor) -> None:
    stage = Stage(StartGate(pool, ignore))
    await stage.begun()
    stage.library.dial()
    stage.library.say(REFUSED)
    stage.library.event(0, b"")
    stage.library.event(incoming.LOGGED_OUT, b"")
    await asyncio.sleep(3 * REPORT_S)
    assert stage.events == [(0, b""), (incoming.LOGGED_OUT, b"")]


async def main() -> None:
    cases = [
        a_start_holds_the_calls_of_others_until_it_dials,
        starts_dial_when_the_last_of_them_has_written_and_reconnects_at_once,
        a_client_whose_turn_does_not_come_goes_elsewhere,
        a_client_whose_network_does_not_answer_can_not_be_disconnected,
        a_logout_that_the_library_does_not_report_is_reported,
        a_logout_that_the_library_reports_is_reported_once,
    ]
    with patch.object(client, "_REPORT_S", REPORT_S), ThreadPoolExecutor(4) as pool:
        async with asyncio.timeout(40):
            await asyncio.gather(*(case(pool) for case in cases))
    print(f"{len(cases)} cases")


asyncio.run(main())
