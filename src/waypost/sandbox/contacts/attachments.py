"""Files that belong to messages: where a received one lies, and messages that bring one."""

from dataclasses import dataclass
from typing import Final

from waypost.sandbox.media.paths import direct_path, token_in
from waypost.sandbox.views import Attachment
from waypost.sandbox.wire.media import EncryptedFile, MediaKind
from waypost.sandbox.wire.proto.message_pb2 import (
    AudioMessage,
    ContextInfo,
    DocumentMessage,
    ExtendedTextMessage,
    ImageMessage,
    Message,
    StickerMessage,
    VideoMessage,
)

_KINDS: Final = {
    "audio": MediaKind.AUDIO,
    "image": MediaKind.IMAGE,
    "sticker": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "ptv": MediaKind.VIDEO,
    "document": MediaKind.DOCUMENT,
}
_Part = AudioMessage | ImageMessage | VideoMessage | DocumentMessage | StickerMessage


@dataclass(frozen=True, slots=True)
class MediaReference:
    """Where a message's file is and how to open it; `token` is None when its path is not one of this
    network."""

    kind: MediaKind
    token: str | None
    key: bytes
    file_sha256: bytes
    file_enc_sha256: bytes
    mimetype: str


@dataclass(frozen=True, slots=True)
class Uploaded:
    """A file of a contact's, encrypted and stored: `size` in bytes before that, `at` in epoch seconds."""

    encrypted: EncryptedFile
    token: str
    host: str
    size: int
    at: int


def kind_of(name: str) -> MediaKind:
    """What the file of a message of that kind is encrypted as."""
    return _KINDS[name]


def media_of(message: Message) -> MediaReference | None:
    """The file of a message, if it has one: that of a text is the large picture of its link preview."""
    for name, kind in _KINDS.items():
        part: _Part = getattr(message, name)
        if part.HasField("media_key"):
            return MediaReference(
                kind,
                token_in(part.direct_path),
                part.media_key,
                part.file_sha256,
                part.file_enc_sha256,
                part.mimetype,
            )
    if message.extended_text.HasField("media_key"):
        return _preview(message.extended_text)
    return None


def attached(what: Attachment, uploaded: Uploaded, quote: ContextInfo | None) -> Message:
    """The message that brings a file, in the wrapper that phones put around its kind."""
    message = Message()
    part = getattr(message, what.kind)
    _refer(part, what, uploaded)
    if quote is not None:
        part.context_info.CopyFrom(quote)
    if what.view_once:
        part.view_once = True
        wrapper = Message()
        wrapper.view_once_message_v2.message.CopyFrom(message)
        return wrapper
    if what.kind == "document" and what.caption is not None:
        wrapper = Message()
        wrapper.document_with_caption.message.CopyFrom(message)
        return wrapper
    return message


def voice_note(
    uploaded: Uploaded, mimetype: str, seconds: int, ptt: bool, waveform: bytes, quote: ContextInfo | None
) -> Message:
    """A voice note, or with `ptt` unset a sound file."""
    message = Message()
    _locate(message.audio, uploaded, mimetype)
    message.audio.seconds, message.audio.ptt = seconds, ptt
    if waveform:
        message.audio.waveform = waveform
    if quote is not None:
        message.audio.context_info.CopyFrom(quote)
    return message


def _refer(part: _Part, what: Attachment, uploaded: Uploaded) -> None:
    _locate(part, uploaded, what.mimetype)
    if what.url is not None:
        part.url = what.url
    if not isinstance(part, DocumentMessage | AudioMessage):
        part.width, part.height = what.width, what.height
    if isinstance(part, VideoMessage):
        part.seconds = what.seconds
    if isinstance(part, StickerMessage):
        part.is_animated = what.animated
    if isinstance(part, ImageMessage | VideoMessage | DocumentMessage):
        if what.caption is not None:
            part.caption = what.caption
        if what.thumbnail:
            part.jpeg_thumbnail = what.thumbnail
    if isinstance(part, DocumentMessage):
        part.file_name = part.title = what.filename or "file"


def _locate(part: _Part, uploaded: Uploaded, mimetype: str) -> None:
    encrypted, path = uploaded.encrypted, direct_path(uploaded.token)
    part.url = f"https://{uploaded.host}{path}"
    part.direct_path = path
    part.mimetype = mimetype
    part.file_sha256 = encrypted.file_sha256
    part.file_enc_sha256 = encrypted.file_enc_sha256
    part.file_length = uploaded.size
    part.media_key = encrypted.media_key
    part.media_key_timestamp = uploaded.at


def _preview(text: ExtendedTextMessage) -> MediaReference:
    return MediaReference(
        MediaKind.LINK_THUMBNAIL,
        token_in(text.thumbnail_direct_path),
        text.media_key,
        text.thumbnail_sha256,
        text.thumbnail_enc_sha256,
        "image/jpeg",
    )
