"""delete-message: take a message back, for everyone in the chat."""

import msgspec

from waypost.address import Jid, parse_chat_id, parse_message_id
from waypost.engine.port import Content
from waypost.errors import MESSAGE_NOT_OWN, EngineError
from waypost.operations.fields import ChatId, MessageId
from waypost.operations.one_message import OneMessage, Staged, Stored
from waypost.operations.shapes import MessageResult
from waypost.operations.target import TargetKey, key_in_message, key_in_result

REVOKE = "REVOKE"


class DeleteMessageFields(msgspec.Struct, frozen=True, kw_only=True):
    """The query of the call."""

    chatId: ChatId
    messageId: MessageId


class Revocation(msgspec.Struct, frozen=True, kw_only=True):
    """The order to delete as it was sent."""

    key: TargetKey
    type: str


class RevocationContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    protocolMessage: Revocation


class DeleteMessageResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a message that was deleted; `key` names the message that says so."""

    message: RevocationContent


def accept(fields: DeleteMessageFields) -> Stored:
    """Check the fields. Raises InvalidRequest."""
    parse_message_id(fields.messageId)
    return Stored(chat=str(parse_chat_id(fields.chatId)), about=fields.messageId)


def content(payload: Stored, staged: Staged) -> Content:
    """The message. Raises EngineError(MESSAGE_NOT_OWN): only a group's admin may delete what others wrote."""
    if not staged.about.from_me and not Jid.parse(staged.jid).is_group:
        raise EngineError(MESSAGE_NOT_OWN)
    return {"protocolMessage": {"key": key_in_message(staged.jid, staged.about), "type": REVOKE}}


def shown(payload: Stored, staged: Staged) -> RevocationContent:
    """The message as the result shows it."""
    key = key_in_result(staged.jid, staged.about)
    return RevocationContent(protocolMessage=Revocation(key=key, type=REVOKE))


DELETE_MESSAGE = OneMessage(
    name="delete-message",
    summary="Delete a message for everyone",
    fields=DeleteMessageFields,
    payload=Stored,
    result=DeleteMessageResult,
    accept=accept,
    content=content,
    shown=shown,
    method="DELETE",
    fields_in="query",
).write()
