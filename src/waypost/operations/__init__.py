"""The operations of the API, one file each: routes, OpenAPI and execution all come from this list."""

from waypost.operations.account.block_contact import BLOCK
from waypost.operations.account.presence_subscribe import PRESENCE_SUBSCRIBE
from waypost.operations.account.profile_name import PROFILE_NAME
from waypost.operations.account.profile_picture import PROFILE_PICTURE
from waypost.operations.account.profile_status import PROFILE_STATUS
from waypost.operations.account.set_presence import SET_PRESENCE
from waypost.operations.account.unblock_contact import UNBLOCK
from waypost.operations.groups.create_group import CREATE_GROUP
from waypost.operations.groups.group_description import GROUP_DESCRIPTION
from waypost.operations.groups.group_invite_reset import GROUP_INVITE_RESET
from waypost.operations.groups.group_participants_add import GROUP_PARTICIPANTS_ADD
from waypost.operations.groups.group_participants_demote import GROUP_PARTICIPANTS_DEMOTE
from waypost.operations.groups.group_participants_promote import GROUP_PARTICIPANTS_PROMOTE
from waypost.operations.groups.group_participants_remove import GROUP_PARTICIPANTS_REMOVE
from waypost.operations.groups.group_picture import GROUP_PICTURE
from waypost.operations.groups.group_settings import GROUP_SETTINGS
from waypost.operations.groups.group_subject import GROUP_SUBJECT
from waypost.operations.groups.join_group import JOIN_GROUP
from waypost.operations.groups.leave_group import LEAVE_GROUP
from waypost.operations.kind import AnyWrite
from waypost.operations.messages.delete_message import DELETE_MESSAGE
from waypost.operations.messages.edit_message import EDIT_MESSAGE
from waypost.operations.messages.forward_message import FORWARD_MESSAGE
from waypost.operations.messages.react_to_message import REACT_TO_MESSAGE
from waypost.operations.messages.read_chat import READ_CHAT
from waypost.operations.messages.send_contact_card import SEND_CONTACT_CARD
from waypost.operations.messages.send_file import SEND_FILE
from waypost.operations.messages.send_image import SEND_IMAGE
from waypost.operations.messages.send_link_custom_preview import SEND_LINK_CUSTOM_PREVIEW
from waypost.operations.messages.send_location import SEND_LOCATION
from waypost.operations.messages.send_poll import SEND_POLL
from waypost.operations.messages.send_seen import SEND_SEEN
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
    SEND_LINK_CUSTOM_PREVIEW,
    SEND_FILE,
    SEND_IMAGE,
    SEND_STICKER,
    SEND_VIDEO,
    SEND_LOCATION,
    SEND_CONTACT_CARD,
    SEND_POLL,
    FORWARD_MESSAGE,
    EDIT_MESSAGE,
    SEND_SEEN,
    READ_CHAT,
    REACT_TO_MESSAGE,
    DELETE_MESSAGE,
    START_TYPING,
    STOP_TYPING,
    CREATE_GROUP,
    GROUP_PARTICIPANTS_ADD,
    GROUP_PARTICIPANTS_REMOVE,
    GROUP_PARTICIPANTS_PROMOTE,
    GROUP_PARTICIPANTS_DEMOTE,
    GROUP_SUBJECT,
    GROUP_DESCRIPTION,
    GROUP_SETTINGS,
    GROUP_PICTURE,
    GROUP_INVITE_RESET,
    JOIN_GROUP,
    LEAVE_GROUP,
    SET_PRESENCE,
    PRESENCE_SUBSCRIBE,
    BLOCK,
    UNBLOCK,
    PROFILE_NAME,
    PROFILE_STATUS,
    PROFILE_PICTURE,
)
