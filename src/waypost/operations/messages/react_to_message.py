"""react-to-message: an emoji on a message, or none any more."""

from typing import Annotated

import msgspec
from msgspec import Meta

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.operations.fields import ChatId, MessageId
from waypost.operations.one_message import OneMessage, Staged, Stored
from waypost.operations.shapes import MessageResult
from waypost.operations.target import TargetKey, chat_of_target, key_in_message, key_in_result


class ReactToMessageFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    messageId: MessageId
    reaction: Annotated[str, Meta(description="An emoji; empty to take it away.", max_length=64)]
    chatId: Annotated[ChatId | None, Meta(description="The chat; needed with a short messageId.")] = None


class Reaction(msgspec.Struct, frozen=True, kw_only=True):
    """The reaction as it was sent."""

    key: TargetKey
    text: str
    senderTimestampMs: str


class ReactionContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    reactionMessage: Reaction


class ReactToMessageResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a reaction that was sent."""

    message: ReactionContent


class ReactToMessagePayload(Stored, frozen=True, kw_only=True):
    """What is stored of the call."""

    reaction: str


def accept(fields: ReactToMessageFields) -> ReactToMessagePayload:
    """Check the fields. Raises InvalidRequest."""
    chat = parse_chat_id(chat_of_target(fields.chatId, fields.messageId))
    return ReactToMessagePayload(chat=str(chat), about=fields.messageId, reaction=fields.reaction)


def content(payload: ReactToMessagePayload, staged: Staged) -> Content:
    """The message; of several reactions the one with the latest time is shown."""
    return {
        "reactionMessage": {
            "key": key_in_message(staged.jid, staged.about),
            "text": payload.reaction,
            "senderTimestampMS": staged.at_ms,
        }
    }


def shown(payload: ReactToMessagePayload, staged: Staged) -> ReactionContent:
    """The message as the result shows it."""
    key = key_in_result(staged.jid, staged.about)
    reaction = Reaction(key=key, text=payload.reaction, senderTimestampMs=str(staged.at_ms))
    return ReactionContent(reactionMessage=reaction)


REACT_TO_MESSAGE = OneMessage(
    name="react-to-message",
    summary="React to a message",
    fields=ReactToMessageFields,
    payload=ReactToMessagePayload,
    result=ReactToMessageResult,
    accept=accept,
    content=content,
    shown=shown,
    method="PUT",
    blank=frozenset({"reaction"}),
).write()
