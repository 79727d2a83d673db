"""send-file: any file, as a document."""

import asyncio
from typing import Annotated

import msgspec
from msgspec import UNSET, Meta, UnsetType

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.media.document import Document, fit_name, name_in_url, to_document, type_of_name
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.file_message import (
    Caption,
    FileField,
    FileMessage,
    FileUrl,
    caption_content,
    file_content,
    shown_caption,
    shown_file,
)
from waypost.operations.kind import FilePolicy
from waypost.operations.mentions import Mentions, checked_mentions
from waypost.operations.one_file import FileStored, Making, OneFile, StagedFile
from waypost.operations.resources import Resources
from waypost.operations.shapes import MessageResult
from waypost.outbox.request import Upload

# Kinds that look like the page of an error or a login, where nothing says that one is wanted.
_PAGES = ("text/", "application/json", "application/xml", "image/svg")


class SendFileFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: ChatId
    url: FileUrl = None
    file: FileField = None
    filename: Annotated[
        Annotated[str, Meta(max_length=255)] | None,
        Meta(description="What the file is called; without it, as in the upload or the url."),
    ] = None
    fileName: Annotated[
        Annotated[str, Meta(max_length=255)] | None, Meta(description="The same as filename.")
    ] = None
    mimetype: Annotated[
        Annotated[str, Meta(max_length=255, pattern=r"^[\w.+-]+/[\w.+-]+( *;[^\r\n]*)?(?!\n)$")] | None,
        Meta(description="What the file is; without it, by its name, else by its first bytes."),
    ] = None
    caption: Caption = None
    reply_to: ReplyTo = None
    mentions: Mentions = None


class DocumentMessage(FileMessage, frozen=True, kw_only=True):
    """The file as it was sent."""

    fileName: str
    title: str
    caption: str | UnsetType = UNSET


class DocumentContent(msgspec.Struct, frozen=True, kw_only=True):
    """What the message holds."""

    documentMessage: DocumentMessage


class SendFileResult(MessageResult, frozen=True, kw_only=True):
    """`response_body` of a file that was sent."""

    message: DocumentContent


class SendFilePayload(FileStored, frozen=True, kw_only=True):
    """What is stored of the call."""

    filename: str | None = None
    mimetype: str | None = None


def accept(fields: SendFileFields, upload: Upload | None) -> SendFilePayload:
    """Check the fields. Raises InvalidRequest."""
    url = fields.url if upload is None else None
    return SendFilePayload(
        chat=str(parse_chat_id(fields.chatId)),
        url=url,
        caption=fields.caption,
        reply_to=checked_reply(fields.reply_to),
        mentions=checked_mentions(fields.mentions),
        filename=fit_name(fields.filename or fields.fileName) or name_in_url(url),
        mimetype=fields.mimetype,
    )


def pages(payload: SendFilePayload) -> bool:
    """Whether the caller says that a page is what is wanted."""
    named = None if payload.filename is None else type_of_name(payload.filename)
    return (payload.mimetype or named or "").startswith(_PAGES)


async def make(resources: Resources, payload: SendFilePayload, making: Making) -> Document:
    """The file as it is. Raises MediaError."""
    name = payload.filename or fit_name(making.filename)
    return await asyncio.to_thread(to_document, making.source, making.target, name, payload.mimetype)


def content(payload: SendFilePayload, staged: StagedFile[Document]) -> Content:
    """The message; phones put one that has a caption into a wrapper."""
    document = staged.facts
    message: Content = {
        "documentMessage": {
            **file_content(staged.media, document.mimetype),
            "fileName": document.filename,
            "title": document.filename,
            **caption_content(payload.caption, staged.mentions),
        }
    }
    return message if payload.caption is None else {"documentWithCaptionMessage": {"message": message}}


def shown(payload: SendFilePayload, staged: StagedFile[Document]) -> DocumentContent:
    """The message as the result shows it."""
    document = staged.facts
    message = DocumentMessage(
        **shown_file(staged.media, document.mimetype),
        fileName=document.filename,
        title=document.filename,
        caption=shown_caption(payload.caption, staged.mentions),
    )
    return DocumentContent(documentMessage=message)


SEND_FILE = OneFile(
    name="send-file",
    summary="Send a file as a document",
    fields=SendFileFields,
    payload=SendFilePayload,
    result=SendFileResult,
    facts=Document,
    kind="document",
    file=FilePolicy(),
    accept=accept,
    make=make,
    content=content,
    shown=shown,
    pages=pages,
).write()
