"""Carries the outbox's requests out by handing each to the operation that accepted it."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from waypost.address import Jid
from waypost.engine.port import Mark as EngineMark
from waypost.engine.port import MaybeSent as EngineMaybeSent
from waypost.engine.port import NeverSent as EngineNeverSent
from waypost.errors import NOT_IMPLEMENTED, OutboxError, WaypostError
from waypost.operations.kind import AnyWrite
from waypost.operations.resources import Resources
from waypost.operations.seeing import see, unseen
from waypost.outbox.port import (
    Answer,
    Mark,
    MaybeSent,
    NeverSent,
    Performed,
    Settlement,
    Showing,
    Stage,
    Unknowable,
    Waiting,
)
from waypost.outbox.request import Request, Step

# Phones show it for some seconds more than this after they were last told.
_FADES_SECONDS: Final = 10.0
_READ: Final = 100  # messages that are marked as read before an answer is typed


class OperationExecutor:
    """Implements `outbox.port.Executor` over the list of operations."""

    def __init__(
        self, writes: Sequence[AnyWrite], resources: Resources, waiting_for: Callable[[str], Waiting | None]
    ) -> None:
        """`waiting_for` tells why an instance is not connected, None when it is, at whichever node."""
        self._writes = {write.name: write for write in writes}
        self._resources = resources
        self._waiting_for = waiting_for

    def ready(self, instance_id: str) -> bool:
        """Whether the instance's session is connected now."""
        return self._resources.session_of(instance_id) is not None

    def waiting_for(self, instance_id: str) -> Waiting | None:
        """Why the instance's session is not connected; None when it is."""
        return self._waiting_for(instance_id)

    def is_message(self, request: Request) -> bool:
        """Whether it sends a message."""
        write = self._writes.get(request.operation)
        return write is not None and not write.repeatable

    async def prepare(self, request: Request) -> Stage:
        """Fetch, check and convert."""
        write = self._write(request)
        return await write.prepare(self._resources, request, write.read_payload(request))

    async def stage(self, request: Request) -> Stage:
        """Ask about the recipient and upload."""
        write = self._write(request)
        return await write.stage(self._resources, request, write.read_payload(request))

    def steps(self, request: Request) -> Sequence[str]:
        """The names of the messages that the request sends."""
        write = self._write(request)
        return write.steps(request, write.read_payload(request))

    def showing(self, request: Request) -> Showing | None:
        """What is shown before the first message."""
        write = self._write(request)
        return write.shows(request, write.read_payload(request))

    async def show(self, request: Request, showing: Showing) -> None:
        """Show it, again before phones let it fade, and return when its time is over."""
        if showing.reads:
            with contextlib.suppress(WaypostError):  # whoever can't be told sees the typing all the same
                chat, instance_id = Jid.parse(showing.chat), request.instance_id
                sights = await unseen(self._resources, instance_id, chat, 0.0, _READ)
                await see(self._resources, instance_id, sights)
        left = showing.seconds
        while left > 0:
            session = self._resources.session(request.instance_id)
            await session.chat_presence(showing.chat, showing.state)
            await asyncio.sleep(min(left, _FADES_SECONDS))
            left -= _FADES_SECONDS

    def mark(self, request: Request) -> Mark:
        """The engine store that `perform` would send with now."""
        mark = self._resources.session(request.instance_id).mark
        return Mark(device_jid=mark.device_jid, generation=mark.generation)

    async def perform(self, request: Request, step: Step, done: Sequence[Step]) -> Performed:
        """Send the message of `step`."""
        write, recipients = self._write(request), None
        if request.chat_key.endswith("@g.us") and not write.repeatable:
            session = self._resources.session(request.instance_id)
            sizes = self._resources.group_sizes
            recipients = await sizes.others(request.instance_id, session, request.chat_key)
        performed = await write.perform(self._resources, request, write.read_payload(request), step, done)
        return msgspec.structs.replace(performed, recipients=recipients)

    async def settle(self, request: Request, step: Step) -> Settlement:
        """What became of a send that nobody saw the end of."""
        if self._write(request).repeatable:
            return NeverSent()
        session = self._resources.session(request.instance_id)
        mark = EngineMark(device_jid=step.device_jid or "", generation=step.generation or "")
        settlement = await session.settle(step.secret, mark)
        if isinstance(settlement, EngineNeverSent):
            return NeverSent()
        if isinstance(settlement, EngineMaybeSent):
            return MaybeSent(message_id=settlement.message_id)
        return Unknowable(reason=settlement.reason)

    def recovered(self, request: Request, step: Step, message_id: str) -> Performed:
        """The `Performed` of a step whose receipt proves that it was sent."""
        write = self._write(request)
        return write.recovered(self._resources, request, write.read_payload(request), step, message_id)

    def finish(self, request: Request, steps: Sequence[Step]) -> Answer:
        """The answer of a request whose first step was sent."""
        write = self._write(request)
        return write.finish(request, write.read_payload(request), steps)

    def _write(self, request: Request) -> AnyWrite:
        write = self._writes.get(request.operation)
        if write is None:
            raise OutboxError(
                NOT_IMPLEMENTED, "The request was accepted by a release that knew this operation."
            )
        return write
