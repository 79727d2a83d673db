"""send-link-custom-preview: a text whose link shows what the caller says, not what its page does."""

from typing import Annotated

import msgspec
from msgspec import Meta

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.errors import InvalidRequest
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.kind import FilePolicy
from waypost.operations.link_preview import Prepared, Preview, text_content, text_shown, with_picture
from waypost.operations.mentions import Mentions, checked_mentions, with_mentions
from waypost.operations.one_message import OneMessage, Staged, Stored
from waypost.operations.resources import Resources
from waypost.operations.text import SendTextResult, TextContent
from waypost.outbox.request import Request


class SendLinkFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    text: Annotated[str, Meta(description="The text; preview_url is in it.", min_length=1, max_length=65_536)]
    preview_title: Annotated[str, Meta(min_length=1, max_length=300)]
    preview_description: Annotated[str, Meta(max_length=1_000)]
    preview_url: Annotated[str, Meta(description="The link, as it stands in the text.", max_length=8_192)]
    preview_image_url: Annotated[str | None, Meta(description="Public address of the picture.")] = None
    preview_image_file: Annotated[
        str | None, Meta(description="The picture: a multipart part, or base64 or a data: URI.")
    ] = None
    high_quality: Annotated[bool, Meta(description="Whether the picture is shown as wide as the chat.")] = (
        False
    )
    reply_to: ReplyTo = None
    mentions: Mentions = None


class SendLinkPayload(Stored, frozen=True, kw_only=True):
    """What is stored of the call; `picture_url` is where the picture comes from, if not with the call."""

    text: str
    preview: Preview
    picture_url: str | None = None


def accept(fields: SendLinkFields) -> SendLinkPayload:
    """Check the fields. Raises InvalidRequest."""
    if fields.preview_url not in fields.text:
        raise InvalidRequest({"text": ["The text field must contain the preview_url."]})
    return SendLinkPayload(
        chat=str(parse_chat_id(fields.chatId)),
        reply_to=checked_reply(fields.reply_to),
        mentions=checked_mentions(fields.mentions),
        text=fields.text,
        preview=Preview(
            url=fields.preview_url,
            title=fields.preview_title,
            description=fields.preview_description,
            large=fields.high_quality,
        ),
        picture_url=fields.preview_image_url,
    )


async def ahead(resources: Resources, request: Request, payload: SendLinkPayload) -> Prepared:
    """The preview with its picture, where there is one to be had."""
    if payload.picture_url is None and request.blob_id is None:
        return Prepared(preview=payload.preview)
    return await with_picture(resources, request, payload.preview, payload.picture_url)


def content(payload: SendLinkPayload, staged: Staged) -> Content:
    """The message."""
    text = with_mentions(payload.text, staged.mentions)
    return text_content(text, staged.preview, [mention.jid for mention in staged.mentions])


def shown(payload: SendLinkPayload, staged: Staged) -> TextContent:
    """The message as the result shows it."""
    text = with_mentions(payload.text, staged.mentions)
    return TextContent(extendedTextMessage=text_shown(text, staged.preview))


SEND_LINK_CUSTOM_PREVIEW = OneMessage(
    name="send-link-custom-preview",
    summary="Send a text with a link preview of your own",
    fields=SendLinkFields,
    payload=SendLinkPayload,
    result=SendTextResult,
    file=FilePolicy(file="preview_image_file", url="preview_image_url", required=False, media_type="image/*"),
    accept=accept,
    ahead=ahead,
    content=content,
    shown=shown,
).write()
