"""Messages that arrive, as events of the port."""

from typing import Any, Final

from google.protobuf.json_format import MessageToDict

from waypost.engine.hosts.whatsmeow.jids import id_of, text_of, to_text
from waypost.engine.names import as_known
from waypost.engine.port import Content, MessageArrived, MessageUndecrypted

# Of protocol messages, these two are about a message that the recipient sees; the rest is between devices.
_VISIBLE_PROTOCOL: Final = {0, 14}  # REVOKE, MESSAGE_EDIT
_MILLISECONDS: Final = 10**11  # as seconds, the year 5138
_OLDEST: Final = 1_230_768_000  # 2009: nobody has written on WhatsApp before
_AHEAD: Final = 24 * 3600.0  # clocks are wrong, but not by more
_ADMIN_REVOKES: Final = "8"  # types/message.go of whatsmeow; the server checks that it is one
_CARRIERS: Final = {"senderKeyDistributionMessage", "messageContextInfo"}
# The library takes the outermost wrapper off; these may lie within another one.
_WRAPPERS: Final = (
    "ephemeralMessage",
    "viewOnceMessage",
    "viewOnceMessageV2",
    "viewOnceMessageV2Extension",
    "documentWithCaptionMessage",
    "editedMessage",
    "lottieStickerMessage",
    "groupMentionedMessage",
    "associatedChildMessage",
)
_ONCE: Final = frozenset(_WRAPPERS[1:4])


def arrived(event: Any, instance_id: str, at: float) -> MessageArrived | None:
    """A message; None for what is between devices only."""
    message, once = _unwrapped(event.Message)
    if not _is_visible(message):
        return None
    info, source = event.Info, event.Info.MessageSource
    chat, sender = to_text(source.Chat) or "", to_text(source.Sender) or ""
    context = message.messageContextInfo
    return MessageArrived(
        instance_id=instance_id,
        at=at,
        key=f"message:{chat}:{sender}:{id_of(info.ID)}",
        message_id=id_of(info.ID),
        chat=chat,
        chat_alt=_chat_alt(source, chat),
        sender=sender,
        sender_alt=to_text(source.SenderAlt),
        from_me=source.IsFromMe,
        push_name=text_of(info.Pushname),
        timestamp=_seconds(info.Timestamp, at),
        content=bytes(message.SerializeToString()),
        names=_names(message),
        secret=bytes(context.messageSecret) or None,
        edited=_edited(message),
        by_admin=text_of(info.Edit) == _ADMIN_REVOKES,
        view_once=once or event.IsViewOnce or event.IsViewOnceV2 or event.IsViewOnceV2Extension,
    )


def undecrypted(event: Any, instance_id: str, at: float) -> MessageUndecrypted | None:
    """A message that is waited for. None for what is not said to be one, and for messages that the library
    may not have in the clear (a view-once photo is for phones only)."""
    info, source = event.Info, event.Info.MessageSource
    chat, sender = to_text(source.Chat) or "", to_text(source.Sender) or ""
    if event.IsUnavailable or text_of(info.Category) == "peer":
        return None
    return MessageUndecrypted(
        instance_id=instance_id,
        at=at,
        key=f"waiting:{chat}:{sender}:{id_of(info.ID)}",
        message_id=id_of(info.ID),
        chat=chat,
        chat_alt=_chat_alt(source, chat),
        sender=sender,
        sender_alt=to_text(source.SenderAlt),
        from_me=source.IsFromMe,
        timestamp=_seconds(info.Timestamp, at),
    )


def _seconds(timestamp: int, at: float) -> int:
    """The library has an edit's own time in the place of the stanza's, in milliseconds: whatever its sender
    wrote there. What can't be true becomes the time of arrival."""
    seconds = timestamp // 1000 if timestamp > _MILLISECONDS else timestamp
    return seconds if _OLDEST < seconds < at + _AHEAD else int(at)


def _chat_alt(source: Any, chat: str) -> str | None:
    """The other address of a chat of two."""
    if source.IsGroup:
        return None
    if source.IsFromMe:
        return to_text(source.RecipientAlt)
    return to_text(source.SenderAlt) if chat == to_text(source.Sender) else None


def _unwrapped(message: Any) -> tuple[Any, bool]:
    for name in _WRAPPERS:
        if message.HasField(name):
            inner, once = _unwrapped(getattr(message, name).message)
            if message.HasField("messageContextInfo") and not inner.HasField("messageContextInfo"):
                inner.messageContextInfo.CopyFrom(message.messageContextInfo)
            return inner, once or name in _ONCE
    return message, False


def _edited(message: Any) -> bytes | None:
    protocol = message.protocolMessage
    if not protocol.HasField("editedMessage"):
        return None
    inner, _ = _unwrapped(protocol.editedMessage)
    return bytes(inner.SerializeToString())


def _is_visible(message: Any) -> bool:
    fields = {field.name for field, _ in message.ListFields()}
    if not fields - _CARRIERS:
        return False  # a group message's key distribution; its content comes as an event of its own
    return not message.HasField("protocolMessage") or message.protocolMessage.type in _VISIBLE_PROTOCOL


def _names(message: Any) -> Content:
    try:
        named: Content = as_known(MessageToDict(message))
    except (ValueError, TypeError, RecursionError):
        return {}  # a text that is no UTF-8, or quotes within quotes beyond reason: its protobuf is kept
    return named
