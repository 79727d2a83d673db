"""What the control API speaks about accounts: presence, profiles, and what a phone knows."""

from typing import Literal

import msgspec

Doing = Literal["available", "unavailable", "composing", "recording", "paused"]


class TypedCode(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A pairing code as a user types it into the phone."""

    code: str


class SavedContact(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody in a phone's address book, by the number that people type."""

    phone: str
    name: str


class StarredMessage(msgspec.Struct, frozen=True):
    """A message with a star; `chat` is a JID."""

    chat: str
    id: str
    from_me: bool


class ChatSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a phone does with a chat (a number); what is absent stays."""

    chat: str
    archived: bool | None = None
    muted: bool | None = None
    pinned: bool | None = None


class PhoneState(msgspec.Struct, frozen=True):
    """What a phone knows, of its own and from its companions. `last_seen` is when it was last online."""

    name: str
    about: str
    picture_id: str | None
    available: bool
    last_seen: float | None
    blocked: list[str]
    privacy: dict[str, str]
    contacts: list[SavedContact]
    starred: list[StarredMessage]
    chats: list[ChatSettings]


class Does(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a contact does: it is online or not, or types in the chat with the phone `to`."""

    state: Doing
    to: str | None = None


class Done(msgspec.Struct, frozen=True):
    """How many connected devices were told at once."""

    devices: int


class SeenState(msgspec.Struct, frozen=True):
    """What a contact saw of a phone."""

    at: float
    phone: str
    state: str


class ContactProfile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a contact shows of itself; what is absent stays. `picture` is a JPEG; `blocks` a phone that it
    wants nothing of."""

    about: str | None = None
    picture: bytes | None = None
    blocks: str | None = None
    unblocks: str | None = None
