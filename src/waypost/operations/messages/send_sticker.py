"""send-sticker: a square WebP; other pictures are made one."""

import msgspec
from msgspec import UNSET, UnsetType

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.media.picture import Picture
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.file_message import FileField, FileMessage, FileUrl, file_content, shown_file
from waypost.operations.kind import FilePolicy
from waypost.operations.one_file import FileStored, Making, OneFile, StagedFile
from waypost.operations.resources import Resources
from waypost.operations.shapes import MessageResult
from waypost.outbox.request import Upload


class SendStickerFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    url: FileUrl = None
    file: FileField = None
    reply_to: ReplyTo = None


class StickerMessage(FileMessage, frozen=True, kw_only=True):
    """The sticker as it was sent; sizes in pixels."""

    height: int
    width: int
    isAnimated: bool | UnsetType = UNSET


class StickerContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    stickerMessage: StickerMessage


class SendStickerResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a sticker that was sent."""

    message: StickerContent


def accept(fields: SendStickerFields, upload: Upload | None) -> FileStored:
    """Check the fields. Raises InvalidRequest."""
    return FileStored(
        chat=str(parse_chat_id(fields.chatId)),
        url=fields.url if upload is None else None,
        reply_to=checked_reply(fields.reply_to),
    )


async def make(resources: Resources, payload: FileStored, making: Making) -> Picture:
    """A sticker of any picture. Raises MediaError."""
    return await resources.converter.picture(making.source, making.target, "sticker")


def content(payload: FileStored, staged: StagedFile[Picture]) -> Content:
    """The message."""
    sticker = staged.facts
    return {
        "stickerMessage": {
            **file_content(staged.media, sticker.mimetype),
            "width": sticker.width,
            "height": sticker.height,
            "isAnimated": sticker.animated or None,
        }
    }


def shown(payload: FileStored, staged: StagedFile[Picture]) -> StickerContent:
    """The message as the result shows it."""
    sticker = staged.facts
    message = StickerMessage(
        **shown_file(staged.media, sticker.mimetype),
        width=sticker.width,
        height=sticker.height,
        isAnimated=sticker.animated or UNSET,
    )
    return StickerContent(stickerMessage=message)


SEND_STICKER = OneFile(
    name="send-sticker",
    summary="Send a sticker",
    fields=SendStickerFields,
    payload=FileStored,
    result=SendStickerResult,
    facts=Picture,
    kind="image",
    file=FilePolicy(media_type="image/*"),
    accept=accept,
    make=make,
    content=content,
    shown=shown,
).write()
