"""send-video: a video, or with `asNote` a round one as if it had been recorded in WhatsApp."""

from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.errors import InvalidRequest
from waypost.media.film import Film
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


class SendVideoFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    url: FileUrl = None
    file: FileField = None
    filename: NotNeeded = None
    mimetype: NotNeeded = None
    asNote: Annotated[
        bool, Meta(description="Whether it is shown as a circle; phones show no caption there.")
    ] = False
    caption: Caption = None
    view_once: ViewOnce = False
    reply_to: ReplyTo = None
    mentions: Mentions = None


class VideoMessage(FileMessage, frozen=True, kw_only=True):
    """The video as it was sent; sizes in pixels."""

    seconds: int
    height: int
    width: int
    jpegThumbnail: bytes
    caption: str | UnsetType = UNSET
    viewOnce: bool | UnsetType = UNSET


class VideoContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds: one of the two."""

    videoMessage: VideoMessage | UnsetType = UNSET
    ptvMessage: VideoMessage | UnsetType = UNSET


class SendVideoResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a video that was sent."""

    message: VideoContent


class SendVideoPayload(FileStored, frozen=True, kw_only=True):
    """What is stored of the call."""

    as_note: bool = False
    view_once: bool = False


def accept(fields: SendVideoFields, upload: Upload | None) -> SendVideoPayload:
    """Check the fields. Raises InvalidRequest."""
    if fields.asNote and fields.view_once:
        raise InvalidRequest({"view_once": ["A round video can't be one to look at once."]})
    return SendVideoPayload(
        chat=str(parse_chat_id(fields.chatId)),
        url=fields.url if upload is None else None,
        caption=fields.caption,
        reply_to=checked_reply(fields.reply_to),
        mentions=checked_mentions(fields.mentions),
        as_note=fields.asNote,
        view_once=fields.view_once,
    )


async def make(resources: Resources, payload: SendVideoPayload, making: Making) -> Film:
    """A video that every phone plays. Raises MediaError."""
    return await resources.converter.film(making.source, making.target)


def content(payload: SendVideoPayload, staged: StagedFile[Film]) -> Content:
    """The message."""
    film = staged.facts
    video = {
        **file_content(staged.media, film.mimetype),
        "seconds": film.seconds,
        "width": film.width,
        "height": film.height,
        "JPEGThumbnail": film.thumbnail,
        **caption_content(payload.caption, staged.mentions),
        "viewOnce": payload.view_once or None,
    }
    name = "ptvMessage" if payload.as_note else "videoMessage"
    return viewed_once({name: video}, payload.view_once)


def shown(payload: SendVideoPayload, staged: StagedFile[Film]) -> VideoContent:
    """The message as the result shows it."""
    film = staged.facts
    video = VideoMessage(
        **shown_file(staged.media, film.mimetype),
        seconds=film.seconds,
        width=film.width,
        height=film.height,
        jpegThumbnail=film.thumbnail,
        caption=shown_caption(payload.caption, staged.mentions),
        viewOnce=payload.view_once or UNSET,
    )
    return VideoContent(ptvMessage=video) if payload.as_note else VideoContent(videoMessage=video)


SEND_VIDEO = OneFile(
    name="send-video",
    summary="Send a video",
    fields=SendVideoFields,
    payload=SendVideoPayload,
    result=SendVideoResult,
    facts=Film,
    kind="video",
    file=FilePolicy(media_type="video/*"),
    accept=accept,
    make=make,
    content=content,
    shown=shown,
).write()
