"""The message that brings a one-time code. No route leads to it: the codes' own call asks for it.

The code itself is drawn when the message leaves, and shown as dots everywhere else: in the queued request, in
its result, among the chat's messages and in the event of it. It stands in the message alone.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any, Final

import msgspec

from waypost.engine.port import Content, SendOrder
from waypost.errors import OTP_EXPIRED, OtpError
from waypost.operations.kind import Write
from waypost.operations.link_preview import ExtendedText
from waypost.operations.one_message import OneMessage, Staged, Stored, staged_of
from waypost.operations.resources import Resources
from waypost.operations.sent_message import performed, sent_message
from waypost.operations.text import SendTextResult, TextContent
from waypost.otp.codes import Drawing, text_of
from waypost.outbox.port import Performed
from waypost.outbox.request import Request, Step

NAME: Final = "request-code"
VERSION: Final = 1  # of what is stored
_DOT: Final = "•"


class CodeFields(msgspec.Struct, frozen=True, kw_only=True):
    """What the queued request shows of the call."""

    chatId: str
    length: int
    useLetter: bool
    useNumber: bool
    allCapital: bool
    name: str
    expires: int


class CodeStored(Stored, frozen=True, kw_only=True):
    """What is stored of it."""

    drawing: Drawing


def code_message(code_of: Callable[[Drawing], Awaitable[str]]) -> Write[CodeFields, CodeStored]:
    """The operation; `code_of` draws a code."""

    async def perform(
        resources: Resources, request: Request, payload: CodeStored, step: Step, done: Sequence[Step]
    ) -> Performed:
        drawing, staged = payload.drawing, staged_of(request)
        if resources.clock.now() >= drawing.expires_at:
            raise OtpError(OTP_EXPIRED)
        session = resources.session(request.instance_id)
        content = {"conversation": text_of(await code_of(drawing), drawing.wanted)}
        sent = await session.send(SendOrder(chat=staged.jid, content=content, secret=step.secret))
        told = msgspec.structs.replace(sent, content=b"", names=_hidden(payload, staged))
        return performed(sent_message(request, step, staged.jid, told))

    message = OneMessage(
        name=NAME,
        summary="The message that brings a one-time code",
        fields=CodeFields,
        payload=CodeStored,
        result=SendTextResult,
        accept=_accept,
        content=_hidden,
        shown=_shown,
    )
    return replace(message.write(), perform=perform, version=VERSION)


def _accept(fields: CodeFields) -> Any:
    raise AssertionError("no route leads here")


def _hidden(payload: CodeStored, staged: Staged) -> Content:
    return {"conversation": _text(payload)}


def _shown(payload: CodeStored, staged: Staged) -> TextContent:
    return TextContent(extendedTextMessage=ExtendedText(text=_text(payload)))


def _text(payload: CodeStored) -> str:
    wanted = payload.drawing.wanted
    return text_of(_DOT * wanted.length, wanted)
