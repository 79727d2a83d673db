"""An operation that shows something and sends no message: typing, messages marked as read.

It takes its turn in the chat's line like a message, so that typing that was asked for before a text is seen
before it. Doing it twice does no harm: cut off by a crash, it is simply done again.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

import msgspec

from waypost.address import Jid
from waypost.engine.port import Session
from waypost.instances.instance import Instance
from waypost.operations.kind import Order, Write
from waypost.operations.one_message import Staged, Stored
from waypost.operations.recipient import find_recipient
from waypost.operations.resources import Resources
from waypost.operations.target import find_target
from waypost.outbox.port import Answer, Performed, Stage
from waypost.outbox.request import Request, Step, Upload

ACT = "act"

Fields = TypeVar("Fields", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneAct(Generic[Fields]):
    """The description of such an operation; see `Write` for what both have.

    `accept` checks the fields (raises InvalidRequest), `act` does it (raises EngineError); `result` is what
    the caller is told.
    """

    name: str
    summary: str
    fields: type[Fields]
    accept: Callable[[Fields], Stored]
    act: Callable[[Session, Staged], Awaitable[None]]
    result: msgspec.Struct

    def write(self) -> Write[Fields, Stored]:
        """The operation as the list of operations has it."""
        return Write(
            name=self.name,
            summary=self.summary,
            fields=self.fields,
            result=type(self.result),
            payload=Stored,
            accept=self._accept,
            prepare=self._prepare,
            stage=self._stage,
            steps=self._steps,
            perform=self._perform,
            recovered=self._recovered,
            finish=self._finish,
            repeatable=True,
        )

    def _accept(self, fields: Fields, upload: Upload | None, instance: Instance) -> Order[Stored]:
        payload = self.accept(fields)
        return Order(chat=Jid.parse(payload.chat), payload=payload)

    async def _prepare(self, resources: Resources, request: Request, payload: Stored) -> Stage:
        return Stage(data=b"{}")

    async def _stage(self, resources: Resources, request: Request, payload: Stored) -> Stage:
        contact = await find_recipient(resources, request.instance_id, Jid.parse(payload.chat))
        chat_key, target = contact.lid or contact.jid, None
        if payload.about is not None:
            names = (contact.jid, chat_key)
            target = await find_target(resources, request.instance_id, names, payload.about)
        staged = Staged(jid=contact.jid, target=target)
        return Stage(data=msgspec.json.encode(staged), chat_key=chat_key)

    def _steps(self, request: Request, payload: Stored) -> Sequence[str]:
        return (ACT,)

    async def _perform(
        self, resources: Resources, request: Request, payload: Stored, step: Step, done: Sequence[Step]
    ) -> Performed:
        staged = msgspec.json.decode(request.staged or b"", type=Staged)
        await self.act(resources.session(request.instance_id), staged)
        return _done(resources, staged)

    def _recovered(
        self, resources: Resources, request: Request, payload: Stored, step: Step, message_id: str
    ) -> Performed:
        raise AssertionError("nothing has an id that a receipt could name")

    def _finish(self, request: Request, payload: Stored, steps: Sequence[Step]) -> Answer:
        return Answer(status=200, body=msgspec.json.encode(self.result))


def _done(resources: Resources, staged: Staged) -> Performed:
    at = int(resources.clock.now())
    return Performed(message_id=None, chat=staged.jid, timestamp=at, data=b"{}", content=b"")
