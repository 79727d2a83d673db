"""An operation that changes something of the account itself, or whom it watches or blocks.

It is queued, as everything that changes anything is in this API: it waits for a connection, and takes its
turn in the line of the person that it is about, or of the account. Doing it twice does no harm: cut off by a
crash, it is simply done again.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec

from waypost.address import Jid
from waypost.engine.port import Session
from waypost.instances.instance import Instance
from waypost.operations.kind import FilePolicy, Order, Write
from waypost.operations.recipient import find_recipient
from waypost.operations.resources import Resources
from waypost.outbox.port import Answer, Performed, Stage
from waypost.outbox.request import Request, Step, Upload

ACT = "act"


class AccountStored(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a call: the person's JID, or the account's own; `about` says that it is a person's.
    `value` is what is set."""

    chat: str
    about: bool = False
    value: str = ""


class Whom(msgspec.Struct, frozen=True, kw_only=True):
    """The person that it is about, looked up; `lid` where it is known."""

    jid: str
    lid: str | None = None


@dataclass(frozen=True, slots=True)
class Doing:
    """What an act works with; `file` is what was made ready."""

    session: Session
    whom: Whom
    value: str
    file: bytes


Fields = TypeVar("Fields", bound=msgspec.Struct)


async def _no_file(resources: Resources, request: Request, payload: AccountStored) -> None:
    return None


async def _no_bytes(resources: Resources, request: Request, payload: AccountStored) -> bytes:
    return b""


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountAct(Generic[Fields]):
    """The description of such an operation; see `Write` for what both have.

    `accept` checks the fields (raises InvalidRequest), `act` does it (raises EngineError) and gives the
    result. `make` makes a file ready, which `load` reads for it.
    """

    name: str
    summary: str
    fields: type[Fields]
    result: type[msgspec.Struct]
    accept: Callable[[Fields, Upload | None, Instance], AccountStored]
    act: Callable[[Doing], Awaitable[msgspec.Struct]]
    make: Callable[[Resources, Request, AccountStored], Awaitable[None]] = _no_file
    load: Callable[[Resources, Request, AccountStored], Awaitable[bytes]] = _no_bytes
    method: Literal["POST", "PUT", "DELETE"] = "POST"
    blank: frozenset[str] = frozenset()
    file: FilePolicy | None = None

    def write(self) -> Write[Fields, AccountStored]:
        """The operation as the list of operations has it."""
        return Write(
            name=self.name,
            summary=self.summary,
            fields=self.fields,
            result=self.result,
            payload=AccountStored,
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
            tag="Account",
        )

    def _accept(self, fields: Fields, upload: Upload | None, instance: Instance) -> Order[AccountStored]:
        payload = self.accept(fields, upload, instance)
        return Order(chat=Jid.parse(payload.chat), payload=payload)

    async def _prepare(self, resources: Resources, request: Request, payload: AccountStored) -> Stage:
        await self.make(resources, request, payload)
        return Stage(data=b"{}")

    async def _stage(self, resources: Resources, request: Request, payload: AccountStored) -> Stage:
        if not payload.about:
            return Stage(data=msgspec.json.encode(Whom(jid=payload.chat)))
        contact = await find_recipient(resources, request.instance_id, Jid.parse(payload.chat))
        whom = Whom(jid=contact.jid, lid=contact.lid)
        return Stage(data=msgspec.json.encode(whom), chat_key=contact.lid or contact.jid)

    def _steps(self, request: Request, payload: AccountStored) -> Sequence[str]:
        return (ACT,)

    async def _perform(
        self,
        resources: Resources,
        request: Request,
        payload: AccountStored,
        step: Step,
        done: Sequence[Step],
    ) -> Performed:
        doing = Doing(
            session=resources.session(request.instance_id),
            whom=msgspec.json.decode(request.staged or b"", type=Whom),
            value=payload.value,
            file=await self.load(resources, request, payload),
        )
        data = msgspec.json.encode(await self.act(doing))
        at = int(resources.clock.now())
        return Performed(message_id=None, chat=doing.whom.jid, timestamp=at, data=data, content=b"")

    def _recovered(
        self, resources: Resources, request: Request, payload: AccountStored, step: Step, message_id: str
    ) -> Performed:
        raise AssertionError("nothing has an id that a receipt could name")

    def _finish(self, request: Request, payload: AccountStored, steps: Sequence[Step]) -> Answer:
        return Answer(status=200, body=steps[0].data or b"{}")
