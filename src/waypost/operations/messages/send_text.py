"""send-text: a plain text."""

from waypost.operations.one_message import OneMessage
from waypost.operations.text import (
    SendTextFields,
    SendTextPayload,
    SendTextResult,
    accept,
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
    content=content,
    shown=shown,
    shows=typing,
).write()
