"""send-seen: show the sender that a message, or all of a chat, was read."""

from collections.abc import Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waypost.address import Jid, parse_chat_id, parse_message_id
from waypost.instances.instance import Instance
from waypost.operations.fields import ChatId, MessageId
from waypost.operations.kind import Order, Write
from waypost.operations.recipient import find_recipient
from waypost.operations.resources import Resources
from waypost.operations.seeing import Sight, see, unseen
from waypost.operations.target import find_target
from waypost.outbox.port import Answer, Performed, Stage
from waypost.outbox.request import Request, Step, Upload

ACT: Final = "act"
_LATEST: Final = 500


class SendSeenFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    messageId: Annotated[MessageId | None, Meta(description="One message; all of the chat without it.")] = (
        None
    )
    participant: Annotated[str | None, Meta(description="Who wrote it, in a group.")] = None


class SendSeenPayload(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of the call."""

    chat: str
    message_id: str | None = None
    participant: str | None = None


class SendSeenResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` once it was shown: nothing in it."""


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """Where the chat is."""

    jid: str
    sights: list[Sight] | None = None


def accept(fields: SendSeenFields, upload: Upload | None, instance: Instance) -> Order[SendSeenPayload]:
    """Check the fields. Raises InvalidRequest."""
    chat = parse_chat_id(fields.chatId)
    if fields.messageId is not None:
        parse_message_id(fields.messageId)
    participant = None
    if fields.participant is not None:
        participant = str(parse_chat_id(fields.participant, "participant"))
    return Order(
        chat=chat,
        payload=SendSeenPayload(chat=str(chat), message_id=fields.messageId, participant=participant),
    )


async def prepare(resources: Resources, request: Request, payload: SendSeenPayload) -> Stage:
    """Nothing that could be done without a connection."""
    return Stage(data=b"{}")


async def stage(resources: Resources, request: Request, payload: SendSeenPayload) -> Stage:
    """Look up the chat, and the message where one is named. Raises EngineError."""
    contact = await find_recipient(resources, request.instance_id, Jid.parse(payload.chat))
    key, sights = contact.lid or contact.jid, None
    if payload.message_id is not None:
        names = (contact.jid, key)
        target = await find_target(resources, request.instance_id, names, payload.message_id)
        author = payload.participant or target.participant or contact.jid
        sights = [Sight(chat=contact.jid, sender=author, ids=[target.id])]
    return Stage(data=msgspec.json.encode(Staged(jid=contact.jid, sights=sights)), chat_key=key)


def steps(request: Request, payload: SendSeenPayload) -> Sequence[str]:
    """One act."""
    return (ACT,)


async def perform(
    resources: Resources, request: Request, payload: SendSeenPayload, step: Step, done: Sequence[Step]
) -> Performed:
    """Show it. Raises EngineError, StorageError."""
    staged = msgspec.json.decode(request.staged or b"", type=Staged)
    sights = staged.sights
    if sights is None:
        sights = await unseen(resources, request.instance_id, Jid.parse(staged.jid), 0.0, _LATEST)
    await see(resources, request.instance_id, sights)
    at = int(resources.clock.now())
    return Performed(message_id=None, chat=staged.jid, timestamp=at, data=b"{}", content=b"")


def recovered(
    resources: Resources, request: Request, payload: SendSeenPayload, step: Step, message_id: str
) -> Performed:
    """Never: nothing here has an id that a receipt could name."""
    raise AssertionError("nothing has an id that a receipt could name")


def finish(request: Request, payload: SendSeenPayload, steps: Sequence[Step]) -> Answer:
    """The answer."""
    return Answer(status=200, body=msgspec.json.encode(SendSeenResult()))


SEND_SEEN = Write(
    name="send-seen",
    summary="Show that messages were read",
    fields=SendSeenFields,
    result=SendSeenResult,
    payload=SendSeenPayload,
    accept=accept,
    prepare=prepare,
    stage=stage,
    steps=steps,
    perform=perform,
    recovered=recovered,
    finish=finish,
    repeatable=True,
    tag="Chats",
)
