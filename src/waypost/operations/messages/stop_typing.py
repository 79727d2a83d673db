"""stop-typing: no longer show that the account types."""

import msgspec

from waypost.address import parse_chat_id
from waypost.engine.port import Session
from waypost.operations.fields import ChatId
from waypost.operations.one_act import OneAct
from waypost.operations.one_message import Staged, Stored


class StopTypingFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId


class StopTypingResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` once it was shown."""

    result: bool = True


def accept(fields: StopTypingFields) -> Stored:
    """Check the fields. Raises InvalidRequest."""
    return Stored(chat=str(parse_chat_id(fields.chatId)))


async def act(session: Session, staged: Staged) -> None:
    """Show it. Raises EngineError."""
    await session.chat_presence(staged.jid, "paused")


STOP_TYPING = OneAct(
    name="stop-typing",
    summary="No longer show that you are typing",
    fields=StopTypingFields,
    accept=accept,
    act=act,
    result=StopTypingResult(),
).write()
