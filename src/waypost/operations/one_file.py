"""An operation that sends one message made of a file.

Its file comes with the call or from a URL; what the message needs to know of it is found in a worker, which
also makes another file of it where phones would not show this one. All that is done ahead (`prepare`); the
upload needs a connection (`stage`).
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic, Protocol, TypeVar

import msgspec
from msgspec import UNSET

from waypost.address import Jid
from waypost.engine.port import Content, SendOrder, UploadedMedia, UploadKind
from waypost.instances.instance import Instance
from waypost.operations.heading import Heading, find_heading
from waypost.operations.kind import FilePolicy, Order, Write
from waypost.operations.mentions import MENTION_NOT_FOUND, Mention, find_mentions
from waypost.operations.one_message import MESSAGE, Stored
from waypost.operations.resources import Resources
from waypost.operations.sent_message import performed, recovered_message, sent_message
from waypost.operations.shapes import MessageResult, key_of
from waypost.outbox.port import Answer, Performed, Stage
from waypost.outbox.request import Request, Step, Upload


class FileStored(Stored, frozen=True, kw_only=True):
    """What is stored of a call; `url` where no file came with it."""

    url: str | None = None
    caption: str | None = None


class Facts(Protocol):
    """What was found out about a file that is ready: its digest, and what its kind has beside that."""

    @property
    def sha256(self) -> bytes:
        """Of the file that is uploaded."""
        ...


Fields = TypeVar("Fields", bound=msgspec.Struct)
Payload = TypeVar("Payload", bound=FileStored)
Found = TypeVar("Found", bound=Facts)


class StagedFile(Heading, Generic[Found], frozen=True, kw_only=True):
    """Everything that is needed to send: where to, in reply to what, and the file where it now lies."""

    media: UploadedMedia
    facts: Found
    mentions: tuple[Mention, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Making:
    """A file that is to be made ready: `source` is the caller's, `target` where the finished one belongs.
    `filename` is what the caller calls it, None when that is not known."""

    source: Path
    target: Path
    filename: str | None


def _no_pages(payload: FileStored) -> bool:
    return False


@dataclass(frozen=True, slots=True, kw_only=True)
class OneFile(Generic[Fields, Payload, Found]):
    """The description of such an operation; see `Write` and `OneMessage` for what all have.

    `make` makes the file ready and tells its `facts` (raises MediaError), `kind` is what the file is
    encrypted as, `pages` whether a web page can be the file that was meant.
    """

    name: str
    summary: str
    fields: type[Fields]
    payload: type[Payload]
    result: type[MessageResult]
    facts: type[Found]
    kind: UploadKind
    file: FilePolicy
    accept: Callable[[Fields, Upload | None], Payload]
    make: Callable[[Resources, Payload, Making], Awaitable[Found]]
    content: Callable[[Payload, StagedFile[Found]], Content]
    shown: Callable[[Payload, StagedFile[Found]], msgspec.Struct]
    pages: Callable[[Payload], bool] = _no_pages

    def write(self) -> Write[Fields, Payload]:
        """The operation as the list of operations has it."""
        return Write(
            name=self.name,
            summary=self.summary,
            fields=self.fields,
            result=self.result,
            payload=self.payload,
            file=self.file,
            accept=self._accept,
            prepare=self._prepare,
            stage=self._stage,
            steps=self._steps,
            perform=self._perform,
            recovered=self._recovered,
            finish=self._finish,
        )

    def _accept(self, fields: Fields, upload: Upload | None, instance: Instance) -> Order[Payload]:
        payload = self.accept(fields, upload)
        return Order(chat=Jid.parse(payload.chat), payload=payload)

    async def _prepare(self, resources: Resources, request: Request, payload: Payload) -> Stage:
        return Stage(data=msgspec.json.encode(await self._made(resources, request, payload)))

    async def _made(self, resources: Resources, request: Request, payload: Payload) -> Found:
        target = _target(resources, request)
        async with resources.source(request, payload.url, pages=self.pages(payload)) as source:
            making = Making(source=source, target=target, filename=_filename(request))
            return await self.make(resources, payload, making)

    async def _stage(self, resources: Resources, request: Request, payload: Payload) -> Stage:
        to, chat_key = await find_heading(resources, request, payload.chat, payload.reply_to)
        mentions = await find_mentions(resources, request, Jid.parse(to.jid), payload.mentions)
        unnamed = [MENTION_NOT_FOUND] if len(mentions) < len(payload.mentions) else []
        media, facts = await self._uploaded(resources, request, payload)
        staged = StagedFile(
            jid=to.jid,
            quote=to.quote,
            warnings=[*to.warnings, *unnamed],
            media=media,
            facts=facts,
            mentions=tuple(mentions),
        )
        return Stage(data=msgspec.json.encode(staged), chat_key=chat_key)

    async def _uploaded(
        self, resources: Resources, request: Request, payload: Payload
    ) -> tuple[UploadedMedia, Found]:
        """Upload the file; one that a power cut took or damaged in the workshop is made again."""
        facts = msgspec.json.decode(request.prepared or b"", type=self.facts)
        path = _target(resources, request)
        session = resources.session(request.instance_id)
        media = await session.upload(path, self.kind) if path.is_file() else None
        if media is None or media.file_sha256 != facts.sha256:
            facts = await self._made(resources, request, payload)
            media = await resources.session(request.instance_id).upload(path, self.kind)
        await resources.let_go(request, path)
        return media, facts

    def _steps(self, request: Request, payload: Payload) -> Sequence[str]:
        return (MESSAGE,)

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
        staged = self._staged(request)
        content = self.content(payload, staged)
        return SendOrder(chat=staged.jid, content=content, secret=step.secret, quote=staged.quote)

    def _finish(self, request: Request, payload: Payload, steps: Sequence[Step]) -> Answer:
        staged, step = self._staged(request), steps[0]
        result = self.result(
            key=key_of(staged.jid, step),
            message=self.shown(payload, staged),
            messageTimestamp=str(step.timestamp or 0),
            status=step.message_status or "PENDING",
            warnings=staged.warnings or UNSET,
        )
        return Answer(status=201, body=msgspec.json.encode(result))

    def _staged(self, request: Request) -> StagedFile[Found]:
        kind: Any = StagedFile
        staged: StagedFile[Found] = msgspec.json.decode(request.staged or b"", type=kind[self.facts])
        return staged


class _FilePart(msgspec.Struct, frozen=True):
    filename: str | None = None


class _Submitted(msgspec.Struct, frozen=True):
    file: _FilePart | None = None


def _filename(request: Request) -> str | None:
    """What the part of the call that brought the file calls it."""
    if request.blob_id is None:
        return None
    found = msgspec.json.decode(request.request, type=_Submitted)
    return None if found.file is None else found.file.filename


def _target(resources: Resources, request: Request) -> Path:
    return resources.workshop / f"{request.uuid}.file"
