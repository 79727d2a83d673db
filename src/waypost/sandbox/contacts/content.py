"""What is in a decrypted message, and messages to send."""

from typing import Final

from google.protobuf.message import DecodeError

from waypost.sandbox.signal.errors import Reason, SignalError
from waypost.sandbox.views import AudioView
from waypost.sandbox.wire.proto.message_pb2 import ContextInfo, Message, PollCreationMessage

_VIEW_ONCE: Final = ("view_once", "view_once_message_v2", "view_once_message_v2_extension")
_WRAPPERS: Final = ("ephemeral", "document_with_caption", "edited", *_VIEW_ONCE)
_TYPES: Final = (
    "audio",
    "image",
    "video",
    "ptv",
    "document",
    "sticker",
    "reaction",
    "contact",
    "location",
    "live_location",
    "protocol",
    "poll",
    "poll_update",
    "secret",
)
_QUOTING: Final = (
    "extended_text",
    "audio",
    "image",
    "video",
    "ptv",
    "document",
    "sticker",
    "contact",
    "location",
)


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


def is_view_once(message: Message) -> bool:
    """Whether phones show the message once only."""
    if any(message.HasField(name) for name in _VIEW_ONCE):
        return True
    inner = unwrapped(message)
    return inner is not message and is_view_once(inner)


def type_of(message: Message) -> str:
    """text, audio, image, video, ptv, document, sticker, reaction, contact, location, live_location,
    protocol, poll, poll_update, secret or other."""
    if message.HasField("conversation") or message.HasField("extended_text"):
        return "text"
    if message.HasField("poll_of_one"):
        return "poll"
    return next((name for name in _TYPES if message.HasField(name)), "other")


def text_of(message: Message) -> str | None:
    """The text or the caption."""
    if message.HasField("conversation"):
        return message.conversation
    if message.HasField("extended_text"):
        return message.extended_text.text
    if message.HasField("reaction"):
        return message.reaction.text
    if (poll := poll_of(message)) is not None:
        return poll.name
    for part in (message.image, message.video, message.ptv, message.document):
        if part.HasField("caption"):
            return part.caption
    return None


def poll_of(message: Message) -> PollCreationMessage | None:
    """The poll, whichever of its forms the message has."""
    if message.HasField("poll"):
        return message.poll
    return message.poll_of_one if message.HasField("poll_of_one") else None


def quote_of(message: Message) -> ContextInfo | None:
    """What the message answers."""
    for name in _QUOTING:
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
