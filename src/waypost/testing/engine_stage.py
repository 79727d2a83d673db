"""The real engine on the real sandbox, without a gateway: for tests and measurements of the engine alone."""

import asyncio
import contextlib
import secrets
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final, TypeVar

import structlog

from waypost.clock import SystemClock
from waypost.engine.port import (
    EngineEvent,
    Network,
    Paired,
    PairingEvent,
    PairingFailed,
    QrCode,
    SendOrder,
    Session,
    StateChanged,
)
from waypost.engine.settings import EngineSettings
from waypost.engine.supervisor import Supervisor
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import start_sandbox
from waypost.sandbox.settings import SandboxSettings

S = TypeVar("S", QrCode, Paired)

_WITHIN_S: Final = 20.0


class Events:
    """Keeps what an engine reports; both a sink of events and a watcher of pairings.

    While `refusing`, nothing is taken, as when a database is down.
    """

    def __init__(self) -> None:
        self.events: list[EngineEvent] = []
        self.steps: list[tuple[str, PairingEvent]] = []
        self.refusing = False
        self._changed = asyncio.Condition()

    async def deliver(self, events: Sequence[EngineEvent]) -> None:
        """Implements EventSink."""
        if self.refusing:
            raise ConnectionError
        async with self._changed:
            self.events.extend(events)
            self._changed.notify_all()

    async def on_pairing(self, instance_id: str, event: PairingEvent) -> None:
        """Implements PairingWatcher."""
        if self.refusing:
            raise ConnectionError
        async with self._changed:
            self.steps.append((instance_id, event))
            self._changed.notify_all()

    async def until(self, reached: Callable[[], bool], within: float = _WITHIN_S) -> None:
        """Wait until `reached()`, asked after each report and every 20 ms. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while not reached():
                async with self._changed:
                    with contextlib.suppress(TimeoutError):
                        await asyncio.wait_for(self._changed.wait(), 0.02)

    async def state(self, instance_id: str, state: str, since: int = 0, within: float = _WITHIN_S) -> str:
        """Wait for a state in the events from number `since` on; returns its reason."""

        def found() -> list[str]:
            return [
                event.reason
                for event in self.events[since:]
                if isinstance(event, StateChanged)
                and (event.instance_id, event.state) == (instance_id, state)
            ]

        await self.until(lambda: bool(found()), within)
        return found()[0]


@dataclass(frozen=True, slots=True)
class EngineStage:
    """An engine, what it reports, and the other side."""

    engine: Supervisor
    events: Events
    sandbox: SandboxClient
    network: Network
    settings: EngineSettings
    control_url: str

    @property
    def homes(self) -> dict[str, int]:
        """The engine process of each session."""
        return {name: process.pid for process in self.engine.processes for name in process.sessions}

    async def code(self, instance_id: str) -> QrCode:
        """Begin to pair, and wait for the first code."""
        seen = len(self.events.steps)
        await self.engine.pair(instance_id, self.network)
        return await self._step(instance_id, seen, QrCode)

    async def paired(self, instance_id: str, phone: str) -> Paired:
        """Pair an instance with a phone of the sandbox (`+…`), which is created."""
        await self.sandbox.add_phone(phone)
        code = await self.code(instance_id)
        seen = len(self.events.steps)
        await self.sandbox.scan(phone, code.text)
        return await self._step(instance_id, seen, Paired)

    async def connected(self, instance_id: str) -> Session:
        """Open an instance and wait until it is connected."""
        await self.engine.open(instance_id, self.network)
        return await self.session(instance_id)

    async def session(self, instance_id: str, within: float = _WITHIN_S) -> Session:
        """Wait until an instance is connected."""
        await self.events.until(lambda: self.engine.session(instance_id) is not None, within)
        session = self.engine.session(instance_id)
        assert session is not None
        return session

    async def arrived(self, contact: str, message_id: str, within: float = 5.0) -> int:
        """How often a message has come to a contact (`+…`), once it has; 0 when it does not within `within`
        s."""
        after, deadline = 0, asyncio.get_running_loop().time() + within
        while (left := deadline - asyncio.get_running_loop().time()) > 0:
            inbox = await self.sandbox.inbox(contact, after=after, wait=left)
            for message in inbox.messages:
                if message.id == message_id:
                    return message.times
            after = inbox.last
        return 0

    async def _step(self, instance_id: str, seen: int, kind: type[S]) -> S:
        def found() -> list[PairingEvent]:
            steps = self.events.steps[seen:]
            return [
                step for who, step in steps if who == instance_id and isinstance(step, (kind, PairingFailed))
            ]

        await self.events.until(lambda: bool(found()))
        step = found()[0]
        if not isinstance(step, kind):
            raise AssertionError(step)
        return step


def text_order(text: str, number: str) -> SendOrder:
    """A text to a number (`+…` or digits), with a secret of its own."""
    chat = f"{number.lstrip('+')}@s.whatsapp.net"
    return SendOrder(chat=chat, content={"conversation": text}, secret=secrets.token_bytes(32))


@contextlib.asynccontextmanager
async def engine_stage(folder: Path, settings: EngineSettings | None = None) -> AsyncIterator[EngineStage]:
    """A sandbox in `folder`/sandbox and an engine in `folder`/engine. `settings` change all but the
    folder."""
    async with contextlib.AsyncExitStack() as stack:
        server = await stack.enter_async_context(start_sandbox(SandboxSettings(data=folder / "sandbox")))
        sandbox = await stack.enter_async_context(SandboxClient(server.control_url))
        stage = await stage_on(sandbox, server.control_url, folder / "engine", settings)
        await stack.enter_async_context(stage.engine)
        yield stage


async def stage_on(
    sandbox: SandboxClient, control_url: str, folder: Path, settings: EngineSettings | None = None
) -> EngineStage:
    """An engine for a sandbox that runs; the engine is not entered yet."""
    found = await sandbox.network()
    network = Network(
        name="sandbox",
        proxy_url=found.proxy_url,
        ca_pem=found.ca_pem,
        noise_root=found.noise_root_public,
    )
    chosen = EngineSettings(folder=folder) if settings is None else replace(settings, folder=folder)
    events = Events()
    engine = Supervisor(chosen, events, events, SystemClock(), structlog.get_logger("engine"))
    return EngineStage(engine, events, sandbox, network, chosen, control_url)
