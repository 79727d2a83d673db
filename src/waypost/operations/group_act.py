"""An operation that does something to a group and sends no message.

All that changes a group is queued, as everything that changes anything is in this API: it takes its turn in
the group's line, so that a message that was asked for before a member was removed still reaches that member.
Doing it twice does no harm, with one exception that looks before it acts (`create-group`): cut off by a
crash, it is simply done again.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Literal, TypeVar

import msgspec

from waypost.address import Jid
from waypost.engine.groups import GroupAnswer, GroupOrder
from waypost.engine.port import Session
from waypost.errors import NOT_ON_WHATSAPP, EngineError
from waypost.instances.instance import Instance
from waypost.operations.kind import FilePolicy, Order, Write
from waypost.operations.recipient import find_recipients
from waypost.operations.resources import Resources
from waypost.outbox.port import Answer, Performed, Stage
from waypost.outbox.request import Request, Step, Upload

ACT = "act"


class GroupStored(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a call: the group's JID (the account's own where there is none yet), and the people
    that were named."""

    chat: str
    members: list[str] = []


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who was named: `asked` as stored, `jid` the address to use, None when there is no such
    account; the LID where it is known."""

    asked: str
    jid: str | None
    lid: str | None = None


class StagedMembers(msgspec.Struct, frozen=True, kw_only=True):
    """The people that were named, looked up."""

    members: list[Named] = []

    @property
    def found(self) -> list[str]:
        """The addresses of those who are on WhatsApp."""
        return [member.jid for member in self.members if member.jid is not None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Doing:
    """What an order is made of: when it was asked for (epoch seconds), the people, the file that was made
    ready, and which attempt this is, from 1."""

    session: Session
    asked_at: float
    staged: StagedMembers
    file: bytes
    attempt: int


Fields = TypeVar("Fields", bound=msgspec.Struct)
Payload = TypeVar("Payload", bound=GroupStored)


async def _no_file(resources: Resources, request: Request, payload: Any) -> None:
    return None


async def _no_bytes(resources: Resources, request: Request, payload: Any) -> bytes:
    return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class GroupAct(Generic[Fields, Payload]):
    """The description of such an operation; see `Write` for what both have.

    `accept` checks the fields (raises InvalidRequest), `order` makes what the session is told, `shown` the
    result; `do` stands in for telling the order where more is to be done. `make` makes a file ready, which
    `load` reads for the order.
    """

    name: str
    summary: str
    fields: type[Fields]
    payload: type[Payload]
    result: type[msgspec.Struct]
    accept: Callable[[Fields, Upload | None, Instance], Payload]
    order: Callable[[Payload, Doing], GroupOrder]
    shown: Callable[[Payload, StagedMembers, GroupAnswer], msgspec.Struct]
    do: Callable[[Payload, Doing], Awaitable[GroupAnswer]] | None = None
    make: Callable[[Resources, Request, Payload], Awaitable[None]] = _no_file
    load: Callable[[Resources, Request, Payload], Awaitable[bytes]] = _no_bytes
    method: Literal["POST", "PUT", "DELETE"] = "POST"
    blank: frozenset[str] = frozenset()
    file: FilePolicy | None = None

    def write(self) -> Write[Fields, Payload]:
        """The operation as the list of operations has it."""
        return Write(
            name=self.name,
            summary=self.summary,
            fields=self.fields,
            result=self.result,
            payload=self.payload,
            accept=self._accept,
            prepare=self._prepare,
            stage=self._stage,
            steps=self._steps,
            perform=self._perform,
            recovered=self._recovered,
            finish=self._finish,
            method=self.method,
            blank=self.blank,
            file=self.file,
            repeatable=True,
            tag="Groups",
        )

    def _accept(self, fields: Fields, upload: Upload | None, instance: Instance) -> Order[Payload]:
        payload = self.accept(fields, upload, instance)
        return Order(chat=Jid.parse(payload.chat), payload=payload)

    async def _prepare(self, resources: Resources, request: Request, payload: Payload) -> Stage:
        await self.make(resources, request, payload)
        return Stage(data=b"{}")

    async def _stage(self, resources: Resources, request: Request, payload: Payload) -> Stage:
        members = await _named(resources, request, payload.members)
        if members and not any(member.jid for member in members):
            raise EngineError(NOT_ON_WHATSAPP, jid=members[0].asked, exists=False)
        return Stage(data=msgspec.json.encode(StagedMembers(members=members)))

    def _steps(self, request: Request, payload: Payload) -> Sequence[str]:
        return (ACT,)

    async def _perform(
        self, resources: Resources, request: Request, payload: Payload, step: Step, done: Sequence[Step]
    ) -> Performed:
        doing = Doing(
            session=resources.session(request.instance_id),
            asked_at=request.created_at,
            staged=_staged(request),
            file=await self.load(resources, request, payload),
            attempt=step.attempt,
        )
        if self.do is not None:
            answer = await self.do(payload, doing)
        else:
            answer = await doing.session.group(self.order(payload, doing))
        at = int(resources.clock.now())
        data = msgspec.json.encode(answer)
        return Performed(message_id=None, chat=payload.chat, timestamp=at, data=data, content=b"")

    def _recovered(
        self, resources: Resources, request: Request, payload: Payload, step: Step, message_id: str
    ) -> Performed:
        raise AssertionError("nothing has an id that a receipt could name")

    def _finish(self, request: Request, payload: Payload, steps: Sequence[Step]) -> Answer:
        answer = msgspec.json.decode(steps[0].data or b"{}", type=GroupAnswer)
        body = self.shown(payload, _staged(request), answer)
        return Answer(status=200, body=msgspec.json.encode(body))


async def _named(resources: Resources, request: Request, asked: Sequence[str]) -> list[Named]:
    people = [Jid.parse(one) for one in asked]
    found = await find_recipients(resources, request.instance_id, people)
    return [
        Named(asked=one, jid=None) if contact is None else Named(asked=one, jid=contact.jid, lid=contact.lid)
        for one, contact in zip(asked, found, strict=True)
    ]


def _staged(request: Request) -> StagedMembers:
    return msgspec.json.decode(request.staged or b"{}", type=StagedMembers)
