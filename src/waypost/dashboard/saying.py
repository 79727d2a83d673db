"""Messages and operations in plain words, for templates."""

import base64
from collections.abc import Callable, Mapping
from typing import Any, Final

_KINDS: Final = {
    "text": "Text",
    "image": "Picture",
    "video": "Video",
    "ptv": "Round video",
    "voice": "Voice note",
    "audio": "Sound",
    "document": "Document",
    "sticker": "Sticker",
    "location": "Place",
    "live_location": "Place that moves",
    "contact": "Contact",
    "contacts": "Contacts",
    "poll": "Poll",
    "poll_update": "Vote",
    "reaction": "Reaction",
    "protocol": "Change of a message",
    "group_invite": "Invitation to a group",
    "event": "Event",
}
_OPERATIONS: Final = {
    "send-voice": "Voice note",
    "send-text": "Text",
    "send-text-safe": "Text",
    "send-image": "Picture",
    "send-video": "Video",
    "send-file": "Document",
    "send-sticker": "Sticker",
    "send-poll": "Poll",
    "send-location": "Place",
    "send-contact-card": "Contact",
    "send-seen": "Mark as read",
    "read-chat": "Mark the chat as read",
    "forward-message": "Forwarded message",
}


def kind(name: str) -> str:
    """What a message is."""
    return _KINDS.get(name, "A kind of message that is not shown here")


def operation(name: str) -> str:
    """What a queued request sends."""
    return _OPERATIONS.get(name, name.replace("-", " ").capitalize())


def vcard_name(card: str) -> str:
    """Whom a contact card is of."""
    lines = (line for line in card.splitlines() if line.upper().startswith("FN"))
    return next(lines, "").partition(":")[2].strip() or "without a name"


def base64_of(values: bytes) -> str:
    """Bytes as a script takes them."""
    return base64.b64encode(values).decode()


FILTERS: Final[Mapping[str, Callable[..., Any]]] = {
    "kind": kind,
    "operation": operation,
    "vcard_name": vcard_name,
    "base64": base64_of,
}
