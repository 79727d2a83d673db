"""Run by test_translation.py: a client of a library that is played."""

import asyncio
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from waypost.engine.hosts.whatsmeow.library import allow_protobufs, package_folder

allow_protobufs(package_folder())

from neonize.proto import Neonize_pb2 as proto  # noqa: E402

from waypost.engine.hosts.whatsmeow import incoming  # noqa: E402
from waypost.engine.hosts.whatsmeow.client import Client, StillStarting  # noqa: E402
from waypost.engine.hosts.whatsmeow.gate import StartGate  # noqa: E402
from waypost.errors import NOT_CONNECTED, EngineError  # noqa: E402

DIALING = ("Client/Socket", "DEBUG", "Dialing wss://web.whatsapp.com/ws/chat")
REFUSED = (
    "Client",
    "INFO",
    "Got 401: logged out from another device connect failure, sending LoggedOut event and deleting session",
)


class PlayedLibrary:
    """Its start does what it is told to, and never returns unless told."""

    def __init__(self) -> None:
        self.log: Callable[[bytes], None] = lambda data: None
        self.event: Callable[[int, bytes], None] = lambda code, data: None
        self.begun = threading.Event()
        self.returns = threading.Event()

    def run(self, *arguments: Any) -> str:
        self.event, self.log = arguments[5:]
        self.begun.set()
        self.returns.wait()
        return "failed to dial"

    def say(self, line: tuple[str, str, str]) -> None:
        name, level, message = line
        self.log(proto.LogEntry(Name=name, Level=level, Message=message).SerializeToString())


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
        await asyncio.to_thread(self.library.begun.wait, 10)


async def a_start_holds_the_calls_of_others_until_it_dials(pool: ThreadPoolExecutor) -> None:
    gate = StartGate(pool, hold=20)
    stage = Stage(gate)
    await stage.begun()
    call = asyncio.create_task(gate.call(lambda: None))
    stage.library.say(("Database", "DEBUG", "Dialing nobody"))
    await asyncio.sleep(0.05)
    assert not call.done()
    stage.library.say(DIALING)
    await call
    assert not stage.slow
    with pytest.raises(EngineError) as caught:
        await stage.client.call(lambda library, client: None)
    assert caught.value.fault is NOT_CONNECTED
    stage.library.event(0, b"")
    await stage.client.settled()
    await stage.client.call(lambda library, client: None)


async def a_client_whose_network_does_not_answer_can_not_be_disconnected(pool: ThreadPoolExecutor) -> None:
    stage = Stage(StartGate(pool))
    await stage.begun()
    stage.library.say(DIALING)
    with pytest.raises(StillStarting):
        await stage.client.disconnect()
    stage.library.returns.set()
    assert await stage.running == "failed to dial"
    await stage.client.disconnect()


async def a_logout_that_the_library_does_not_report_is_reported(pool: ThreadPoolExecutor) -> None:
    stage = Stage(StartGate(pool))
    await stage.begun()
    stage.library.say(DIALING)
    stage.library.say(REFUSED)
    await stage.client.settled()
    ((code, data),) = stage.events
    event = proto.LoggedOut.FromString(data)
    assert (code, event.OnConnect, event.Reason) == (incoming.LOGGED_OUT, True, 2)


async def a_logout_that_the_library_reports_is_reported_once(pool: ThreadPoolExecutor) -> None:
    stage = Stage(StartGate(pool))
    await stage.begun()
    stage.library.say(DIALING)
    stage.library.say(REFUSED)
    stage.library.event(0, b"")
    stage.library.event(incoming.LOGGED_OUT, b"")
    await asyncio.sleep(2.5)
    assert stage.events == [(0, b""), (incoming.LOGGED_OUT, b"")]


async def main() -> None:
    cases = [
        a_start_holds_the_calls_of_others_until_it_dials,
        a_client_whose_network_does_not_answer_can_not_be_disconnected,
        a_logout_that_the_library_does_not_report_is_reported,
        a_logout_that_the_library_reports_is_reported_once,
    ]
    with ThreadPoolExecutor(4) as pool:
        async with asyncio.timeout(40):
            await asyncio.gather(*(case(pool) for case in cases))
    print(f"{len(cases)} cases")


asyncio.run(main())
