"""What is in a decrypted message, and messages to send."""

from dataclasses import dataclass
from typing import Final

from google.protobuf.message import DecodeError

from waypost.sandbox.media.paths import token_in
from waypost.sandbox.signal.errors import Reason, SignalError
from waypost.sandbox.views import AudioView
from waypost.sandbox.wire.media import MediaKind
from waypost.sandbox.wire.proto.message_pb2 import (
    AudioMessage,
    ContextInfo,
    DocumentMessage,
    ImageMessage,
    Message,
    StickerMessage,
    VideoMessage,
)

_WRAPPERS: Final = ("ephemeral", "view_once", "document_with_caption", "edited")
_MEDIA: Final = {
    "audio": MediaKind.AUDIO,
    "image": MediaKind.IMAGE,
    "sticker": MediaKind.IMAGE,
    "video": MediaKind.VIDEO,
    "document": MediaKind.DOCUMENT,
}
_TYPES: Final = (
    "audio",
    "image",
    "video",
    "document",
    "sticker",
    "reaction",
    "contact",
    "location",
    "protocol",
)
_Media = AudioMessage | ImageMessage | VideoMessage | DocumentMessage | StickerMessage


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


def parse(raw: bytes) -> Message:
    """The protobuf of a decrypted message; SignalError when it is none."""
    try:
        return Message.FromString(raw)
    except DecodeError as error:
        raise SignalError(Reason.MALFORMED, "A decrypted message can't be read.") from error


def unwrapped(message: Message) -> Message:
    """The message inside of ephemeral, view-once and similar wrappers."""
    for name in _WRAPPERS:
        if message.HasField(name):
            return unwrapped(getattr(message, name).message)
    return message


def type_of(message: Message) -> str:
    """text, audio, image, video, document, sticker, reaction, contact, location, protocol or other."""
    if message.HasField("conversation") or message.HasField("extended_text"):
        return "text"
    return next((name for name in _TYPES if message.HasField(name)), "other")


def text_of(message: Message) -> str | None:
    """The text or the caption."""
    if message.HasField("conversation"):
        return message.conversation
    if message.HasField("extended_text"):
        return message.extended_text.text
    if message.HasField("reaction"):
        return message.reaction.text
    for part in (message.image, message.video, message.document):
        if part.HasField("caption"):
            return part.caption
    return None


def quote_of(message: Message) -> ContextInfo | None:
    """What the message answers."""
    for name in ("extended_text", "audio", "image", "video", "document", "sticker", "contact", "location"):
        if message.HasField(name) and getattr(message, name).context_info.HasField("stanza_id"):
            context: ContextInfo = getattr(message, name).context_info
            return context
    return None


def audio_of(message: Message) -> AudioView | None:
    """The audio, as the message describes it."""
    if not message.HasField("audio"):
        return None
    audio = message.audio
    return AudioView(
        audio.seconds, audio.ptt, audio.waveform, audio.mimetype, audio.file_sha256, audio.file_length
    )


def media_of(message: Message) -> MediaReference | None:
    """The file of a message, if it has one."""
    for name, kind in _MEDIA.items():
        part: _Media = getattr(message, name)
        if part.HasField("media_key"):
            return MediaReference(
                kind,
                token_in(part.direct_path),
                part.media_key,
                part.file_sha256,
                part.file_enc_sha256,
                part.mimetype,
            )
    return None


def quoting(id: str, author: str, quoted: Message) -> ContextInfo:
    """The quote of a message; `author` is a JID."""
    return ContextInfo(stanza_id=id, participant=author, quoted_message=quoted)


def text_message(text: str, quote: ContextInfo | None) -> Message:
    """A text, in the form that carries a quote when there is one."""
    if quote is None:
        return Message(conversation=text)
    message = Message()
    message.extended_text.text = text
    message.extended_text.context_info.CopyFrom(quote)
    return message
