"""The operations of the API, one file each: routes, OpenAPI and execution all come from this list."""

from waypost.operations.kind import AnyWrite
from waypost.operations.messages.delete_message import DELETE_MESSAGE
from waypost.operations.messages.react_to_message import REACT_TO_MESSAGE
from waypost.operations.messages.send_contact_card import SEND_CONTACT_CARD
from waypost.operations.messages.send_file import SEND_FILE
from waypost.operations.messages.send_image import SEND_IMAGE
from waypost.operations.messages.send_location import SEND_LOCATION
from waypost.operations.messages.send_sticker import SEND_STICKER
from waypost.operations.messages.send_text import SEND_TEXT
from waypost.operations.messages.send_text_safe import SEND_TEXT_SAFE
from waypost.operations.messages.send_video import SEND_VIDEO
from waypost.operations.messages.send_voice import SEND_VOICE
from waypost.operations.messages.start_typing import START_TYPING
from waypost.operations.messages.stop_typing import STOP_TYPING

WRITES: tuple[AnyWrite, ...] = (
    SEND_VOICE,
    SEND_TEXT,
    SEND_TEXT_SAFE,
    SEND_FILE,
    SEND_IMAGE,
    SEND_STICKER,
    SEND_VIDEO,
    SEND_LOCATION,
    SEND_CONTACT_CARD,
    REACT_TO_MESSAGE,
    DELETE_MESSAGE,
    START_TYPING,
    STOP_TYPING,
)
