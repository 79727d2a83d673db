"""What the operations that send a text have in common."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.mentions import Mentions, checked_mentions, with_mentions
from waypost.operations.one_message import Staged, Stored
from waypost.operations.shapes import MessageResult
from waypost.outbox.port import Showing

# A quick typist; whoever polls for the request stops after 10 to 20 seconds.
_TYPED_PER_SECOND: Final = 10.0
_LONGEST_SECONDS: Final = 8.0


class SendTextFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    text: Annotated[str, Meta(description="The text.", min_length=1, max_length=65_536)]
    reply_to: ReplyTo = None
    mentions: Mentions = None


class ExtendedText(msgspec.Struct, frozen=True, kw_only=True):
    """The text as it was sent."""

    text: str


class TextContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    extendedTextMessage: ExtendedText


class SendTextResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a text that was sent."""

    message: TextContent


class SendTextPayload(Stored, frozen=True, kw_only=True):
    """What is stored of the call."""

    text: str


def accept(fields: SendTextFields) -> SendTextPayload:
    """Check the fields. Raises InvalidRequest."""
    return SendTextPayload(
        chat=str(parse_chat_id(fields.chatId)),
        text=fields.text,
        reply_to=checked_reply(fields.reply_to),
        mentions=checked_mentions(fields.mentions),
    )


def content(payload: SendTextPayload, staged: Staged) -> Content:
    """The message."""
    if not staged.mentions:
        return {"conversation": payload.text}
    context = {"mentionedJID": [mention.jid for mention in staged.mentions]}
    text = with_mentions(payload.text, staged.mentions)
    return {"extendedTextMessage": {"text": text, "contextInfo": context}}


def shown(payload: SendTextPayload, staged: Staged) -> TextContent:
    """The message as the result shows it."""
    return TextContent(extendedTextMessage=ExtendedText(text=with_mentions(payload.text, staged.mentions)))


def typing(payload: SendTextPayload, staged: Staged) -> Showing:
    """Somebody who types it, and does not take all day."""
    seconds = min(max(len(payload.text) / _TYPED_PER_SECOND, 1.0), _LONGEST_SECONDS)
    return Showing(chat=staged.jid, state="typing", seconds=seconds)
