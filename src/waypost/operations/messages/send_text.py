"""send-text: a plain text."""

from waypost.operations.one_message import OneMessage
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

SEND_TEXT = OneMessage(
    name="send-text",
    summary="Send a text",
    fields=SendTextFields,
    payload=SendTextPayload,
    result=SendTextResult,
    accept=accept,
    ahead=ahead,
    content=content,
    shown=shown,
    shows=typing,
).write()
