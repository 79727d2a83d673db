"""What messages that bring a file have in common: fields of a call, of the message and of the result."""

from collections.abc import Sequence
from typing import Annotated, Any, Final

import msgspec
from msgspec import UNSET, Meta, UnsetType

from waypost.engine.port import Content, UploadedMedia
from waypost.operations.mentions import Mention, with_mentions

CAPTION_MAX: Final = 65_536  # characters that WhatsApp takes

FileUrl = Annotated[str | None, Meta(description="Public address of the file; required without `file`.")]
FileField = Annotated[
    str | None,
    Meta(description="The file: a multipart part, or base64 or a data: URI; required without `url`."),
]
Caption = Annotated[
    Annotated[str, Meta(max_length=CAPTION_MAX)] | None, Meta(description="A text shown below it.")
]
NotNeeded = Annotated[
    str | None, Meta(description="Taken from clients that send it: what the file is, its bytes tell.")
]
ViewOnce = Annotated[bool, Meta(description="Whether it can be looked at only once.")]


class FileMessage(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it was sent; binary values are base64, 64-bit numbers are text."""

    url: str
    mimetype: str
    fileSha256: bytes
    fileLength: str
    mediaKey: bytes
    fileEncSha256: bytes
    directPath: str
    mediaKeyTimestamp: str


def shown_file(media: UploadedMedia, mimetype: str) -> dict[str, Any]:
    """The fields of a FileMessage."""
    return {
        "url": media.url,
        "mimetype": mimetype,
        "fileSha256": media.file_sha256,
        "fileLength": str(media.file_length),
        "mediaKey": media.media_key,
        "fileEncSha256": media.file_enc_sha256,
        "directPath": media.direct_path,
        "mediaKeyTimestamp": str(media.uploaded_at),
    }


def file_content(media: UploadedMedia, mimetype: str) -> Content:
    """The fields that the protobufs of all kinds have under the same names."""
    return {
        "URL": media.url,
        "mimetype": mimetype,
        "fileSHA256": media.file_sha256,
        "fileLength": media.file_length,
        "mediaKey": media.media_key,
        "fileEncSHA256": media.file_enc_sha256,
        "directPath": media.direct_path,
        "mediaKeyTimestamp": media.uploaded_at,
    }


def caption_content(caption: str | None, mentions: Sequence[Mention]) -> Content:
    """The fields of a caption, and of those whom it names."""
    if caption is None:
        return {}
    named = {"mentionedJID": [mention.jid for mention in mentions]} if mentions else None
    return {"caption": with_mentions(caption, mentions), "contextInfo": named}


def shown_caption(caption: str | None, mentions: Sequence[Mention]) -> str | UnsetType:
    """The caption as the result shows it."""
    return UNSET if caption is None else with_mentions(caption, mentions)


def viewed_once(content: Content, view_once: bool, wrapper: str = "viewOnceMessageV2") -> Content:
    """A message, in the wrapper by which phones know that it can be looked at only once."""
    return {wrapper: {"message": content}} if view_once else content
