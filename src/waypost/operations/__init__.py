"""The operations of the API, one file each: routes, OpenAPI and execution all come from this list."""

from waypost.operations.kind import AnyWrite
from waypost.operations.messages.send_text import SEND_TEXT
from waypost.operations.messages.send_voice import SEND_VOICE

WRITES: tuple[AnyWrite, ...] = (
    SEND_VOICE,
    SEND_TEXT,
)
