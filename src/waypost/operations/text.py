"""What the operations that send a text have in common."""

from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.link_preview import (
    ExtendedText,
    Prepared,
    link_in,
    of_page,
    text_content,
    text_shown,
)
from waypost.operations.mentions import Mentions, checked_mentions, with_mentions
from waypost.operations.one_message import Staged, Stored
from waypost.operations.resources import Resources
from waypost.operations.shapes import MessageResult
from waypost.outbox.port import Showing
from waypost.outbox.request import Request

# A quick typist; whoever polls for the request stops after 10 to 20 seconds.
_TYPED_PER_SECOND: Final = 10.0
_LONGEST_SECONDS: Final = 8.0


class SendTextFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    text: Annotated[str, Meta(description="The text.", min_length=1, max_length=65_536)]
    link_preview: Annotated[
        bool, Meta(description="Whether the page behind the first link is fetched, and shown below the text.")
    ] = False
    link_preview_high_quality: Annotated[
        bool, Meta(description="The same, with the picture of that page as wide as the chat.")
    ] = False
    reply_to: ReplyTo = None
    mentions: Mentions = None


class TextContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    extendedTextMessage: ExtendedText


class SendTextResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a text that was sent."""

    message: TextContent


class SendTextPayload(Stored, frozen=True, kw_only=True):
    """What is stored of the call."""

    text: str
    link: str | None = None
    large: bool = False


def accept(fields: SendTextFields) -> SendTextPayload:
    """Check the fields. Raises InvalidRequest."""
    return SendTextPayload(
        chat=str(parse_chat_id(fields.chatId)),
        text=fields.text,
        reply_to=checked_reply(fields.reply_to),
        mentions=checked_mentions(fields.mentions),
        link=link_in(fields.text) if fields.link_preview or fields.link_preview_high_quality else None,
        large=fields.link_preview_high_quality,
    )


async def ahead(resources: Resources, request: Request, payload: SendTextPayload) -> Prepared:
    """What the text shows of the page that it links to, if it is to."""
    if payload.link is None:
        return Prepared()
    return await of_page(resources, request, payload.link, payload.large)


def content(payload: SendTextPayload, staged: Staged) -> Content:
    """The message."""
    text = with_mentions(payload.text, staged.mentions)
    return text_content(text, staged.preview, [mention.jid for mention in staged.mentions])


def shown(payload: SendTextPayload, staged: Staged) -> TextContent:
    """The message as the result shows it."""
    text = with_mentions(payload.text, staged.mentions)
    return TextContent(extendedTextMessage=text_shown(text, staged.preview))


def typing(payload: SendTextPayload, staged: Staged) -> Showing:
    """Somebody who types it, and does not take all day."""
    seconds = min(max(len(payload.text) / _TYPED_PER_SECOND, 1.0), _LONGEST_SECONDS)
    return Showing(chat=staged.jid, state="typing", seconds=seconds)
