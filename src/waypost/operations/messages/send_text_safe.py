"""send-text-safe: a text that comes as a person's would, after reading what they wrote and typing for a while
that fits its length."""

import msgspec

from waypost.operations.one_message import OneMessage, Staged
from waypost.operations.text import (
    SendTextFields,
    SendTextPayload,
    SendTextResult,
    accept,
    ahead,
    content,
    shown,
    typing,
)
from waypost.outbox.port import Showing


def shows(payload: SendTextPayload, staged: Staged) -> Showing:
    """Somebody who reads and types, in open chats too."""
    return msgspec.structs.replace(typing(payload, staged), always=True, reads=True)


SEND_TEXT_SAFE = OneMessage(
    name="send-text-safe",
    summary="Read the chat, type for a while, and send a text",
    fields=SendTextFields,
    payload=SendTextPayload,
    result=SendTextResult,
    accept=accept,
    ahead=ahead,
    content=content,
    shown=shown,
    shows=shows,
).write()
