"""read-chat: mark the latest messages of a chat as read; the answer names them."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waypost.address import Jid, parse_chat_id
from waypost.instances.instance import Instance
from waypost.operations.fields import ChatId
from waypost.operations.kind import Order, Write
from waypost.operations.recipient import find_recipient
from waypost.operations.resources import Resources
from waypost.operations.seeing import see, unseen
from waypost.outbox.port import Answer, Performed, Stage
from waypost.outbox.request import Request, Step, Upload

ACT: Final = "act"
_DAY: Final = 86_400.0
_MESSAGES: Final = 100
_DAYS: Final = 7


class ReadChatFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call; `messages` and `days` may be in its query instead."""

    chatId: ChatId
    messages: Annotated[
        Annotated[int, Meta(ge=1, le=1000)] | None,
        Meta(description="How many of the latest messages; 100 unless given."),
    ] = None
    days: Annotated[
        Annotated[int, Meta(ge=1, le=365)] | None,
        Meta(description="Only of the last so many days; 7 unless given."),
    ] = None


class ReadChatPayload(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of the call."""

    chat: str
    messages: int
    days: int


class ReadChatResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body`: the messages that were marked, by their short ids."""

    ids: list[str]


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """Where the chat is."""

    jid: str


def accept(fields: ReadChatFields, upload: Upload | None, instance: Instance) -> Order[ReadChatPayload]:
    """Check the fields. Raises InvalidRequest."""
    chat = parse_chat_id(fields.chatId)
    payload = ReadChatPayload(
        chat=str(chat), messages=fields.messages or _MESSAGES, days=fields.days or _DAYS
    )
    return Order(chat=chat, payload=payload)


async def prepare(resources: Resources, request: Request, payload: ReadChatPayload) -> Stage:
    """Nothing that could be done without a connection."""
    return Stage(data=b"{}")


async def stage(resources: Resources, request: Request, payload: ReadChatPayload) -> Stage:
    """Look up the chat. Raises EngineError."""
    contact = await find_recipient(resources, request.instance_id, Jid.parse(payload.chat))
    staged = Staged(jid=contact.jid)
    return Stage(data=msgspec.json.encode(staged), chat_key=contact.lid or contact.jid)


def steps(request: Request, payload: ReadChatPayload) -> Sequence[str]:
    """One act."""
    return (ACT,)


async def perform(
    resources: Resources, request: Request, payload: ReadChatPayload, step: Step, done: Sequence[Step]
) -> Performed:
    """Mark them. Raises EngineError, StorageError."""
    staged, now = msgspec.json.decode(request.staged or b"", type=Staged), resources.clock.now()
    chat, since = Jid.parse(staged.jid), now - payload.days * _DAY
    sights = await unseen(resources, request.instance_id, chat, since, payload.messages)
    ids = await see(resources, request.instance_id, sights)
    data = msgspec.json.encode(ReadChatResult(ids=ids))
    return Performed(message_id=None, chat=staged.jid, timestamp=int(now), data=data, content=b"")


def recovered(
    resources: Resources, request: Request, payload: ReadChatPayload, step: Step, message_id: str
) -> Performed:
    """Never: nothing here has an id that a receipt could name."""
    raise AssertionError("nothing has an id that a receipt could name")


def finish(request: Request, payload: ReadChatPayload, steps: Sequence[Step]) -> Answer:
    """The answer."""
    return Answer(status=200, body=steps[0].data or msgspec.json.encode(ReadChatResult(ids=[])))


READ_CHAT = Write(
    name="read-chat",
    summary="Mark the latest messages of a chat as read",
    fields=ReadChatFields,
    result=ReadChatResult,
    payload=ReadChatPayload,
    accept=accept,
    prepare=prepare,
    stage=stage,
    steps=steps,
    perform=perform,
    recovered=recovered,
    finish=finish,
    repeatable=True,
    also_in_query=("messages", "days"),
    tag="Chats",
)
