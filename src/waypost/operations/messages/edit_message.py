"""edit-message: other words in a text, or under a picture, that this account has sent."""

from typing import Annotated, Any, Final

import msgspec
from msgspec import Meta

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.errors import MESSAGE_NOT_EDITABLE, EngineError
from waypost.operations.fields import ChatId, MessageId
from waypost.operations.file_message import caption_content
from waypost.operations.link_preview import text_content
from waypost.operations.mentions import Mentions, checked_mentions, with_mentions
from waypost.operations.one_message import OneMessage, Staged, Stored
from waypost.operations.shapes import MessageResult
from waypost.operations.target import TargetKey, chat_of_target, key_in_message, key_in_result

EDIT: Final = "MESSAGE_EDIT"
# Phones leave an edit out that comes later than this.
_WITHIN_SECONDS: Final = 20 * 60
_CAPTIONED: Final = {"image": "imageMessage", "video": "videoMessage", "document": "documentMessage"}


class EditMessageFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    messageId: MessageId
    text: Annotated[str, Meta(description="The new text or caption.", min_length=1, max_length=65_536)]
    chatId: Annotated[ChatId | None, Meta(description="The chat; needed with a short messageId.")] = None
    mentions: Mentions = None


class Edit(msgspec.Struct, frozen=True, kw_only=True):
    """The edit as it was sent."""

    key: TargetKey
    type: str
    editedMessage: dict[str, Any]
    timestampMs: str


class EditContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    protocolMessage: Edit


class EditMessageResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of an edit that was sent; `key` names the message that says so."""

    message: EditContent


class EditMessagePayload(Stored, frozen=True, kw_only=True):
    """What is stored of the call."""

    text: str


def accept(fields: EditMessageFields) -> EditMessagePayload:
    """Check the fields. Raises InvalidRequest."""
    chat = parse_chat_id(chat_of_target(fields.chatId, fields.messageId))
    mentions = checked_mentions(fields.mentions)
    return EditMessagePayload(chat=str(chat), about=fields.messageId, text=fields.text, mentions=mentions)


def content(payload: EditMessagePayload, staged: Staged) -> Content:
    """The message. Raises EngineError(MESSAGE_NOT_EDITABLE)."""
    target = staged.about
    late = target.timestamp and staged.at_ms / 1000 - target.timestamp > _WITHIN_SECONDS
    if not target.from_me or late or target.kind not in ("", "text", *_CAPTIONED):
        raise EngineError(MESSAGE_NOT_EDITABLE)
    edit = {
        "key": key_in_message(staged.jid, target),
        "type": EDIT,
        "editedMessage": _edited(payload, staged),
        "timestampMS": staged.at_ms,
    }
    return {"editedMessage": {"message": {"protocolMessage": edit}}}


def shown(payload: EditMessagePayload, staged: Staged) -> EditContent:
    """The message as the result shows it."""
    edit = Edit(
        key=key_in_result(staged.jid, staged.about),
        type=EDIT,
        editedMessage=_edited(payload, staged),
        timestampMs=str(staged.at_ms),
    )
    return EditContent(protocolMessage=edit)


def _edited(payload: EditMessagePayload, staged: Staged) -> Content:
    """What stands there from now on; an edit names anew whom it names."""
    if staged.about.kind in _CAPTIONED:
        return {_CAPTIONED[staged.about.kind]: caption_content(payload.text, staged.mentions)}
    text = with_mentions(payload.text, staged.mentions)
    return text_content(text, None, [mention.jid for mention in staged.mentions])


EDIT_MESSAGE = OneMessage(
    name="edit-message",
    summary="Edit a text or a caption",
    fields=EditMessageFields,
    payload=EditMessagePayload,
    result=EditMessageResult,
    accept=accept,
    content=content,
    shown=shown,
    method="PUT",
).write()
