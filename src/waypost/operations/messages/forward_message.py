"""forward-message: a message, own or incoming, passed on to another chat without fetching its file."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec

from waypost.address import Jid, parse_chat_id, parse_message_id
from waypost.chats.reading import ABOUT_OTHERS, unwrapped
from waypost.engine.port import Content, SendOrder
from waypost.errors import MESSAGE_NOT_FORWARDABLE, MESSAGE_NOT_FOUND, EngineError
from waypost.instances.instance import Instance
from waypost.instances.messages import Message
from waypost.operations.fields import ChatId, MessageId
from waypost.operations.kind import Order, Write
from waypost.operations.quote import find_message
from waypost.operations.recipient import find_recipient
from waypost.operations.resources import Resources
from waypost.operations.sent_message import performed, recovered_message, sent_message
from waypost.operations.shapes import SentMessage, key_of
from waypost.outbox.port import Answer, Performed, Stage
from waypost.outbox.request import Request, Step, Upload

MESSAGE: Final = "message"
_ONCE: Final = "viewOnce"
"""The mark within a part; the names of the wrappers begin with it."""


class ForwardMessageFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    messageId: MessageId


class ForwardMessageResult(SentMessage, frozen=True, kw_only=True):
    """`response_body` of a message that was passed on; `message` is what it holds."""

    message: dict[str, Any]  # type: ignore[assignment]


class ForwardMessagePayload(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of the call."""

    chat: str
    message_id: str


class Staged(msgspec.Struct, frozen=True, kw_only=True):
    """Where the message goes, and its protobuf: what is passed on is what was there when it was staged."""

    jid: str
    content: bytes
    names: msgspec.Raw = msgspec.Raw(b"{}")


def accept(
    fields: ForwardMessageFields, upload: Upload | None, instance: Instance
) -> Order[ForwardMessagePayload]:
    """Check the fields. Raises InvalidRequest."""
    parse_message_id(fields.messageId)
    chat = parse_chat_id(fields.chatId)
    return Order(chat=chat, payload=ForwardMessagePayload(chat=str(chat), message_id=fields.messageId))


async def prepare(resources: Resources, request: Request, payload: ForwardMessagePayload) -> Stage:
    """Nothing that could be done without a connection."""
    return Stage(data=b"{}")


async def stage(resources: Resources, request: Request, payload: ForwardMessagePayload) -> Stage:
    """Ask about the recipient, and look the message up. Raises EngineError."""
    contact = await find_recipient(resources, request.instance_id, Jid.parse(payload.chat))
    ref = parse_message_id(payload.message_id)
    chat = ref.chat or Jid.parse(payload.chat)
    found = await find_message(resources, request.instance_id, chat, ref)
    if found is None or not found.content:
        raise EngineError(MESSAGE_NOT_FOUND)
    if not _may_go_on(found):
        raise EngineError(MESSAGE_NOT_FORWARDABLE)
    names = msgspec.Raw(found.names or b"{}")
    staged = Staged(jid=contact.jid, content=found.content, names=names)
    return Stage(data=msgspec.json.encode(staged), chat_key=contact.lid or contact.jid)


def steps(request: Request, payload: ForwardMessagePayload) -> Sequence[str]:
    """One message."""
    return (MESSAGE,)


async def perform(
    resources: Resources, request: Request, payload: ForwardMessagePayload, step: Step, done: Sequence[Step]
) -> Performed:
    """Pass it on. Raises EngineError, OutcomeUnknown."""
    staged = msgspec.json.decode(request.staged or b"", type=Staged)
    order = SendOrder(chat=staged.jid, content={}, secret=step.secret, forwards=staged.content)
    sent = await resources.session(request.instance_id).send(order)
    message = sent_message(request, step, staged.jid, sent)
    return performed(message, message.names or b"{}")


def recovered(
    resources: Resources, request: Request, payload: ForwardMessagePayload, step: Step, message_id: str
) -> Performed:
    """The same for a message that was sent before a crash."""
    staged = msgspec.json.decode(request.staged or b"", type=Staged)
    names: Content = msgspec.json.decode(staged.names)
    order = SendOrder(chat=staged.jid, content=names, secret=step.secret)
    now = int(resources.clock.now())
    message = recovered_message(request, step, order, message_id, now)
    return performed(message, message.names or b"{}")


def finish(request: Request, payload: ForwardMessagePayload, steps: Sequence[Step]) -> Answer:
    """The answer."""
    staged, step = msgspec.json.decode(request.staged or b"", type=Staged), steps[0]
    result = ForwardMessageResult(
        key=key_of(staged.jid, step),
        message=msgspec.json.decode(step.data or b"{}"),
        messageTimestamp=str(step.timestamp or 0),
        status=step.message_status or "PENDING",
    )
    return Answer(status=201, body=msgspec.json.encode(result))


def _may_go_on(message: Message) -> bool:
    """Not what changes another message, nor what may be seen once."""
    names: Content = msgspec.json.decode(message.names or b"{}")
    parts = [part for part in unwrapped(names).values() if isinstance(part, dict)]
    # What is ours stands in its wrapper here, what came does not.
    once = any(name.startswith(_ONCE) for name in names) or any(part.get(_ONCE) for part in parts)
    return message.kind not in ABOUT_OTHERS and message.revoked_at is None and not once


FORWARD_MESSAGE = Write(
    name="forward-message",
    summary="Pass a message on to another chat",
    fields=ForwardMessageFields,
    result=ForwardMessageResult,
    payload=ForwardMessagePayload,
    accept=accept,
    prepare=prepare,
    stage=stage,
    steps=steps,
    perform=perform,
    recovered=recovered,
    finish=finish,
)
