"""An operation that sends one message, made of its fields alone.

What differs between such operations is small and stands in their files: the fields, what is stored of them,
the message in the protobuf's names, and how the result shows it. The rest is the same and stands here.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, TypeVar

import msgspec
from msgspec import UNSET

from waypost.address import Jid
from waypost.engine.port import Content, SendOrder
from waypost.instances.instance import Instance
from waypost.operations.heading import Heading, find_heading
from waypost.operations.kind import FieldsIn, FilePolicy, Order, Write
from waypost.operations.link_preview import Prepared, StagedPreview, stage_preview
from waypost.operations.mentions import MENTION_NOT_FOUND, Mention, find_mentions
from waypost.operations.resources import Resources
from waypost.operations.sent_message import performed, recovered_message, sent_message
from waypost.operations.shapes import MessageResult, key_of
from waypost.operations.target import Target, find_target
from waypost.outbox.port import Answer, Performed, Showing, Stage
from waypost.outbox.request import Request, Step, Upload

MESSAGE = "message"


class Stored(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of a call, whatever its fields are: the chat, what is replied to, the id of the message
    that it is about, and who is named in it."""

    chat: str
    reply_to: str | None = None
    about: str | None = None
    mentions: list[str] = []


class Staged(Heading, frozen=True, kw_only=True):
    """Where the message goes; `target` is what it is about, `at_ms` when it was asked for (epoch
    milliseconds), `mentions` who is named."""

    target: Target | None = None
    at_ms: int = 0
    mentions: tuple[Mention, ...] = ()
    preview: StagedPreview | None = None

    @property
    def about(self) -> Target:
        """The message that this one is about, for operations whose calls always name one."""
        if self.target is None:
            raise AssertionError("nothing was stored as `about`")
        return self.target


Fields = TypeVar("Fields", bound=msgspec.Struct)
Payload = TypeVar("Payload", bound=Stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class OneMessage(Generic[Fields, Payload]):
    """The description of such an operation; see `Write` for what both have.

    `accept` checks the fields (raises InvalidRequest), `content` makes the message (raises WaypostError for
    what can't be one), `shown` is the `message` of the result, `shows` what is seen before it comes. `ahead`
    finds a link preview while the message waits for its turn.
    """

    name: str
    summary: str
    fields: type[Fields]
    payload: type[Payload]
    result: type[MessageResult]
    accept: Callable[[Fields], Payload]
    content: Callable[[Payload, Staged], Content]
    shown: Callable[[Payload, Staged], msgspec.Struct]
    shows: Callable[[Payload, Staged], Showing] | None = None
    ahead: Callable[[Resources, Request, Payload], Awaitable[Prepared]] | None = None
    file: FilePolicy | None = None
    method: Literal["POST", "PUT", "DELETE"] = "POST"
    fields_in: FieldsIn = "body"
    blank: frozenset[str] = frozenset()

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
            shows=self._shows,
            perform=self._perform,
            recovered=self._recovered,
            finish=self._finish,
            method=self.method,
            fields_in=self.fields_in,
            blank=self.blank,
            file=self.file,
        )

    def _accept(self, fields: Fields, upload: Upload | None, instance: Instance) -> Order[Payload]:
        payload = self.accept(fields)
        return Order(chat=Jid.parse(payload.chat), payload=payload)

    async def _prepare(self, resources: Resources, request: Request, payload: Payload) -> Stage:
        prepared = Prepared() if self.ahead is None else await self.ahead(resources, request, payload)
        return Stage(data=msgspec.json.encode(prepared))

    async def _stage(self, resources: Resources, request: Request, payload: Payload) -> Stage:
        heading, chat_key = await find_heading(resources, request, payload.chat, payload.reply_to)
        target = None
        if payload.about is not None:
            names = (heading.jid, chat_key)
            target = await find_target(resources, request.instance_id, names, payload.about)
        mentions = await find_mentions(resources, request, Jid.parse(heading.jid), payload.mentions)
        unnamed = [MENTION_NOT_FOUND] if len(mentions) < len(payload.mentions) else []
        prepared = msgspec.json.decode(request.prepared or b"{}", type=Prepared)
        staged = Staged(
            jid=heading.jid,
            quote=heading.quote,
            warnings=[*heading.warnings, *unnamed, *prepared.warnings],
            target=target,
            at_ms=int(request.created_at * 1000),
            mentions=tuple(mentions),
            preview=await stage_preview(resources, request, prepared.preview),
        )
        self.content(payload, staged)  # what can't be sent ends here, before it is marked as being sent
        return Stage(data=msgspec.json.encode(staged), chat_key=chat_key)

    def _steps(self, request: Request, payload: Payload) -> Sequence[str]:
        return (MESSAGE,)

    def _shows(self, request: Request, payload: Payload) -> Showing | None:
        return None if self.shows is None else self.shows(payload, staged_of(request))

    async def _perform(
        self, resources: Resources, request: Request, payload: Payload, step: Step, done: Sequence[Step]
    ) -> Performed:
        order = self._order(request, payload, step)
        sent = await resources.session(request.instance_id).send(order)
        return performed(sent_message(request, step, order.chat, sent))

    def _recovered(
        self, resources: Resources, request: Request, payload: Payload, step: Step, message_id: str
    ) -> Performed:
        order, now = self._order(request, payload, step), int(resources.clock.now())
        return performed(recovered_message(request, step, order, message_id, now))

    def _order(self, request: Request, payload: Payload, step: Step) -> SendOrder:
        staged = staged_of(request)
        content = self.content(payload, staged)
        return SendOrder(chat=staged.jid, content=content, secret=step.secret, quote=staged.quote)

    def _finish(self, request: Request, payload: Payload, steps: Sequence[Step]) -> Answer:
        staged, step = staged_of(request), steps[0]
        result = self.result(
            key=key_of(staged.jid, step),
            message=self.shown(payload, staged),
            messageTimestamp=str(step.timestamp or 0),
            status=step.message_status or "PENDING",
            warnings=staged.warnings or UNSET,
        )
        return Answer(status=201, body=msgspec.json.encode(result))


def staged_of(request: Request) -> Staged:
    """What `stage` found."""
    return msgspec.json.decode(request.staged or b"", type=Staged)
