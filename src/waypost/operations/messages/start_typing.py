"""start-typing: show that the account types, until it stops, sends, or some seconds have gone by."""

import msgspec

from waypost.address import parse_chat_id
from waypost.engine.port import Session
from waypost.operations.fields import ChatId
from waypost.operations.one_act import OneAct
from waypost.operations.one_message import Staged, Stored


class StartTypingFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId


class StartTypingResult(msgspec.Struct, frozen=True, kw_only=True):
    """`response_body` once it was shown."""

    result: bool = True


def accept(fields: StartTypingFields) -> Stored:
    """Check the fields. Raises InvalidRequest."""
    return Stored(chat=str(parse_chat_id(fields.chatId)))


async def act(session: Session, staged: Staged) -> None:
    """Show it. Raises EngineError."""
    await session.chat_presence(staged.jid, "typing")


START_TYPING = OneAct(
    name="start-typing",
    summary="Show that you are typing",
    fields=StartTypingFields,
    accept=accept,
    act=act,
    result=StartTypingResult(),
).write()
