"""send-image: a picture."""

import msgspec
from msgspec import UNSET, UnsetType

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.media.picture import Picture
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.file_message import (
    Caption,
    FileField,
    FileMessage,
    FileUrl,
    NotNeeded,
    ViewOnce,
    caption_content,
    file_content,
    shown_caption,
    shown_file,
    viewed_once,
)
from waypost.operations.kind import FilePolicy
from waypost.operations.mentions import Mentions, checked_mentions
from waypost.operations.one_file import FileStored, Making, OneFile, StagedFile
from waypost.operations.resources import Resources
from waypost.operations.shapes import MessageResult
from waypost.outbox.request import Upload


class SendImageFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    url: FileUrl = None
    file: FileField = None
    filename: NotNeeded = None
    mimetype: NotNeeded = None
    caption: Caption = None
    view_once: ViewOnce = False
    reply_to: ReplyTo = None
    mentions: Mentions = None


class ImageMessage(FileMessage, frozen=True, kw_only=True):
    """The picture as it was sent; sizes in pixels."""

    height: int
    width: int
    jpegThumbnail: bytes
    caption: str | UnsetType = UNSET
    viewOnce: bool | UnsetType = UNSET


class ImageContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    imageMessage: ImageMessage


class SendImageResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a picture that was sent."""

    message: ImageContent


class SendImagePayload(FileStored, frozen=True, kw_only=True):
    """What is stored of the call."""

    view_once: bool = False


def accept(fields: SendImageFields, upload: Upload | None) -> SendImagePayload:
    """Check the fields. Raises InvalidRequest."""
    return SendImagePayload(
        chat=str(parse_chat_id(fields.chatId)),
        url=fields.url if upload is None else None,
        caption=fields.caption,
        reply_to=checked_reply(fields.reply_to),
        mentions=checked_mentions(fields.mentions),
        view_once=fields.view_once,
    )


async def make(resources: Resources, payload: SendImagePayload, making: Making) -> Picture:
    """A picture that every phone shows. Raises MediaError."""
    return await resources.converter.picture(making.source, making.target, "image")


def content(payload: SendImagePayload, staged: StagedFile[Picture]) -> Content:
    """The message."""
    picture = staged.facts
    image = {
        **file_content(staged.media, picture.mimetype),
        "width": picture.width,
        "height": picture.height,
        "JPEGThumbnail": picture.thumbnail,
        **caption_content(payload.caption, staged.mentions),
        "viewOnce": payload.view_once or None,
    }
    return viewed_once({"imageMessage": image}, payload.view_once)


def shown(payload: SendImagePayload, staged: StagedFile[Picture]) -> ImageContent:
    """The message as the result shows it."""
    picture = staged.facts
    image = ImageMessage(
        **shown_file(staged.media, picture.mimetype),
        width=picture.width,
        height=picture.height,
        jpegThumbnail=picture.thumbnail,
        caption=shown_caption(payload.caption, staged.mentions),
        viewOnce=payload.view_once or UNSET,
    )
    return ImageContent(imageMessage=image)


SEND_IMAGE = OneFile(
    name="send-image",
    summary="Send an image",
    fields=SendImageFields,
    payload=SendImagePayload,
    result=SendImageResult,
    facts=Picture,
    kind="image",
    file=FilePolicy(media_type="image/*"),
    accept=accept,
    make=make,
    content=content,
    shown=shown,
).write()
