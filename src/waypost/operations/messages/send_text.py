"""send-text: a plain text."""

from collections.abc import Sequence
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from waypost.address import Jid, parse_chat_id, parse_message_id
from waypost.engine.port import Quote, SendOrder
from waypost.instances.instance import Instance
from waypost.operations.kind import Order, Write
from waypost.operations.quote import REPLY_NOT_FOUND, find_quote
from waypost.operations.recipient import find_recipient
from waypost.operations.resources import Resources, own_account
from waypost.operations.shapes import MessageKey, key_of
from waypost.outbox.port import Answer, Performed, Stage
from waypost.outbox.request import Request, Step, Upload


class SendTextFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: Annotated[
        str,
        Meta(
            description="The recipient: <number>@c.us, <n>@lid, <id>@g.us, or a number.",
            examples=["12132132131@c.us"],
        ),
    ]
    text: Annotated[str, Meta(description="The text.", min_length=1, max_length=65_536)]
    reply_to: Annotated[str | None, Meta(description="Id of the message that is replied to.")] = None


class ExtendedText(msgspec.Struct, frozen=True, kw_only=True):
    """The text as it was sent."""

    text: str


class TextContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    extendedTextMessage: ExtendedText


class SendTextResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` of a text that was sent."""

    key: MessageKey
    message: TextContent
    messageTimestamp: str
    status: str
    warnings: list[str] | UnsetType = UNSET


class SendTextPayload(msgspec.Struct, frozen=True, kw_only=True):
    """What is stored of the call."""

    chat: str
    text: str
    reply_to: str | None = None


class StagedText(msgspec.Struct, frozen=True, kw_only=True):
    """Where to, and in reply to what."""

    jid: str
    quote: Quote | None = None
    warnings: list[str] = []


def accept(fields: SendTextFields, upload: Upload | None, instance: Instance) -> Order[SendTextPayload]:
    """Check the fields. Raises InvalidRequest."""
    chat = parse_chat_id(fields.chatId)
    if fields.reply_to is not None:
        parse_message_id(fields.reply_to, "reply_to")
    return Order(
        chat=chat, payload=SendTextPayload(chat=str(chat), text=fields.text, reply_to=fields.reply_to)
    )


async def prepare(resources: Resources, request: Request, payload: SendTextPayload) -> Stage:
    """Nothing to fetch or to convert."""
    return Stage(data=b"{}")


async def stage(resources: Resources, request: Request, payload: SendTextPayload) -> Stage:
    """Ask about the recipient. Raises EngineError."""
    contact = await find_recipient(resources, request.instance_id, Jid.parse(payload.chat))
    quote = await find_quote(resources, request.instance_id, Jid.parse(contact.jid), payload.reply_to)
    unquoted = payload.reply_to is not None and quote is None
    staged = StagedText(jid=contact.jid, quote=quote, warnings=[REPLY_NOT_FOUND] if unquoted else [])
    return Stage(data=msgspec.json.encode(staged), chat_key=contact.lid or contact.jid)


def steps(request: Request, payload: SendTextPayload) -> Sequence[str]:
    """One message."""
    return ("text",)


async def perform(
    resources: Resources,
    request: Request,
    payload: SendTextPayload,
    step: Step,
    done: Sequence[Step],
) -> Performed:
    """Send the text. Raises EngineError, OutcomeUnknown."""
    staged = _staged(request)
    session = resources.session(request.instance_id)
    sent = await session.send(
        SendOrder(
            chat=staged.jid, content={"conversation": payload.text}, secret=step.secret, quote=staged.quote
        )
    )
    resources.remember(request.instance_id, staged.jid, str(own_account(session)), sent)
    return Performed(
        message_id=sent.message_id,
        chat=staged.jid,
        timestamp=sent.timestamp,
        data=b"{}",
        content=sent.content,
    )


def recovered(
    resources: Resources,
    request: Request,
    payload: SendTextPayload,
    step: Step,
    message_id: str,
) -> Performed:
    """The same as `perform` returns for a message that was sent before a crash."""
    at = int(resources.clock.now())
    return Performed(message_id=message_id, chat=_staged(request).jid, timestamp=at, data=b"{}", content=b"")


def finish(request: Request, payload: SendTextPayload, steps: Sequence[Step]) -> Answer:
    """The result as the API shows it."""
    staged, step = _staged(request), steps[0]
    result = SendTextResult(
        key=key_of(staged.jid, step),
        message=TextContent(extendedTextMessage=ExtendedText(text=payload.text)),
        messageTimestamp=str(step.timestamp or 0),
        status=step.message_status or "PENDING",
        warnings=staged.warnings or UNSET,
    )
    return Answer(status=201, body=msgspec.json.encode(result))


def _staged(request: Request) -> StagedText:
    return msgspec.json.decode(request.staged or b"", type=StagedText)


SEND_TEXT = Write(
    name="send-text",
    summary="Send a text",
    fields=SendTextFields,
    result=SendTextResult,
    payload=SendTextPayload,
    accept=accept,
    prepare=prepare,
    stage=stage,
    steps=steps,
    perform=perform,
    recovered=recovered,
    finish=finish,
)
