"""An executor that does what a test told it, and a network that remembers what was really sent."""

import asyncio
from collections import defaultdict, deque
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field

import msgspec

from waypost.errors import NOT_CONNECTED, EngineError
from waypost.outbox.port import (
    Answer,
    Mark,
    MaybeSent,
    NeverSent,
    Performed,
    Settlement,
    Showing,
    Stage,
    Waiting,
)
from waypost.outbox.request import Request, Step


@dataclass(frozen=True, slots=True)
class Delivery:
    """A message that reached the network."""

    message_id: str
    uuid: str
    step: str
    chat: str
    secret: bytes


@dataclass
class Network:
    """What outlives a gateway: the messages that were sent, and the engine's rows of their secrets."""

    deliveries: list[Delivery] = field(default_factory=list)
    generation: str = "g1"

    def by_secret(self, secret: bytes) -> Delivery | None:
        """The message that was sent with `secret`."""
        return next((one for one in self.deliveries if one.secret == secret), None)

    def names(self, chat: str | None = None) -> list[str]:
        """`<uuid>/<step>` of everything that was sent, in order."""
        return [f"{one.uuid}/{one.step}" for one in self.deliveries if chat is None or one.chat == chat]


Script = Callable[[Request], Awaitable[None]]


class ScriptedExecutor:
    """Implements `outbox.port.Executor`; `payload` of a request is a JSON list of its steps' names.

    `plan(point, script)` has the next call at `point` (`prepare`, `stage`, `show`, `perform`, `performed`,
    `settle`)
    run `script` first, which may wait or raise. `performed` comes after the message has reached the network,
    before its ack. `always(point, script)` does so for every call without a plan of its own.
    """

    def __init__(self, network: Network | None = None) -> None:
        self.network = network or Network()
        self.connected = True
        self.waiting = Waiting("connection")
        self.shown: Showing | None = None
        self.showings: list[Showing] = []
        self.calls: list[str] = []
        self.canonical: dict[str, str] = {}
        self.running = 0
        self.most_running = 0
        self._plans: defaultdict[str, deque[Script]] = defaultdict(deque)
        self._always: dict[str, Script] = {}

    def plan(self, point: str, *scripts: Script) -> None:
        """Run each of `scripts` once, in order."""
        self._plans[point].extend(scripts)

    def always(self, point: str, script: Script) -> None:
        """Run `script` at every call."""
        self._always[point] = script

    async def _reach(self, point: str, request: Request) -> None:
        self.calls.append(f"{point} {request.uuid}")
        plans = self._plans[point]
        script = plans.popleft() if plans else self._always.get(point)
        if script is not None:
            await script(request)

    def ready(self, instance_id: str) -> bool:
        """As `connected` says, for every instance."""
        return self.connected

    def waiting_for(self, instance_id: str) -> Waiting | None:
        """As `waiting` says, while it is not connected."""
        return None if self.connected else self.waiting

    def is_message(self, request: Request) -> bool:
        """Each of them."""
        return True

    def showing(self, request: Request) -> Showing | None:
        """As `shown` says, of every request."""
        return self.shown

    async def show(self, request: Request, showing: Showing) -> None:
        """Whatever was planned; the seconds are noted and not waited for."""
        self.showings.append(showing)
        await self._reach("show", request)

    async def prepare(self, request: Request) -> Stage:
        """Whatever was planned."""
        await self._reach("prepare", request)
        return Stage(data=b'"prepared"')

    async def stage(self, request: Request) -> Stage:
        """Whatever was planned; the canonical chat as `canonical` says."""
        await self._reach("stage", request)
        return Stage(data=b'"staged"', chat_key=self.canonical.get(request.chat_key))

    def steps(self, request: Request) -> Sequence[str]:
        """As the payload says."""
        return msgspec.json.decode(request.payload, type=list[str])

    def mark(self, request: Request) -> Mark:
        """The network's generation, while connected."""
        if not self.connected:
            raise EngineError(NOT_CONNECTED)
        return Mark(device_jid="1@s.whatsapp.net", generation=self.network.generation)

    async def perform(self, request: Request, step: Step, done: Sequence[Step]) -> Performed:
        """Send to the network; a script at `perform` that raises keeps the message from it."""
        self.running += 1
        self.most_running = max(self.running, self.most_running)
        try:
            await self._reach("perform", request)
            sent = Delivery(
                f"3EB0{len(self.network.deliveries):08X}",
                request.uuid,
                step.name,
                request.chat_key,
                step.secret,
            )
            self.network.deliveries.append(sent)
            await self._reach("performed", request)
            await asyncio.sleep(0)
        finally:
            self.running -= 1
        return self._performed(sent)

    async def settle(self, request: Request, step: Step) -> Settlement:
        """What the network's rows say."""
        await self._reach("settle", request)
        if not self.connected:
            raise EngineError(NOT_CONNECTED)
        sent = self.network.by_secret(step.secret)
        return NeverSent() if sent is None else MaybeSent(sent.message_id)

    def recovered(self, request: Request, step: Step, message_id: str) -> Performed:
        """The message as it was sent."""
        sent = self.network.by_secret(step.secret)
        if sent is None or sent.message_id != message_id:
            raise AssertionError("recovered a message that was never sent")
        return self._performed(sent)

    def finish(self, request: Request, steps: Sequence[Step]) -> Answer:
        """A body like send-voice's: one part per later step, or its error."""
        body: dict[str, object] = {"key": {"id": steps[0].message_id}, "status": "PENDING"}
        for step in steps[1:]:
            if step.state == "sent":
                body[f"{step.name}_message"] = {"key": {"id": step.message_id}, "status": "PENDING"}
            else:
                body[f"{step.name}_error"] = {"code": step.error_code}
        return Answer(status=201, body=msgspec.json.encode(body))

    def _performed(self, sent: Delivery) -> Performed:
        return Performed(
            message_id=sent.message_id,
            chat=f"{sent.chat}@s.whatsapp.net",
            timestamp=1_700_000_000,
            data=b"{}",
            content=b"",
        )
