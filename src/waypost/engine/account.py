"""The account itself as a session speaks of it: how it shows itself, and whom it watches or blocks.

JIDs travel as text. Of what an account's devices tell each other (app state) only the name can be written.
The library has a call for any of it, but leaves out the collection, whichever is named (neonize 0.5.2
compares pointers where it means values), and the server refuses that.
"""

from typing import Literal

import msgspec

Showing = Literal["available", "unavailable", "typing", "recording", "paused"]


# --- what is asked ------------------------------------------------------------------------------------------


class WatchPresence(msgspec.Struct, frozen=True, kw_only=True, tag="watch"):
    """Be told of somebody's presence while this connection lasts. The network tells those only who show
    themselves as online."""

    jid: str


class SetName(msgspec.Struct, frozen=True, kw_only=True, tag="name"):
    """The name that others see."""

    name: str


class SetAbout(msgspec.Struct, frozen=True, kw_only=True, tag="about"):
    """The text under the name."""

    about: str


class SetOwnPicture(msgspec.Struct, frozen=True, kw_only=True, tag="picture"):
    """The account's picture, a JPEG."""

    picture: bytes


class FindPicture(msgspec.Struct, frozen=True, kw_only=True, tag="find_picture"):
    """Somebody's picture, or with `preview` the small one."""

    jid: str
    preview: bool = False


class FindUser(msgspec.Struct, frozen=True, kw_only=True, tag="find_user"):
    """Whether there is an account of that address, which may be a LID; asked of the server each time."""

    jid: str


class ListBlocked(msgspec.Struct, frozen=True, kw_only=True, tag="blocked"):
    """Whom the account has blocked."""


class SetBlocked(msgspec.Struct, frozen=True, kw_only=True, tag="block"):
    """Block somebody, or no longer."""

    jid: str
    blocked: bool


AccountOrder = (
    WatchPresence | SetName | SetAbout | SetOwnPicture | FindPicture | FindUser | ListBlocked | SetBlocked
)


class AccountAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What was asked for: `picture_id` and `picture_url` are absent where there is none (or none is shown to
    this account), `blocked` are JIDs, `exists` answers FindUser."""

    picture_id: str | None = None
    picture_url: str | None = None
    blocked: list[str] = []
    exists: bool = False


# --- what happens -------------------------------------------------------------------------------------------


class PresenceChanged(msgspec.Struct, frozen=True, kw_only=True, tag="presence"):
    """Somebody shows itself another way; in a group, `participant` does so in `chat`. `last_seen` (epoch
    seconds) where it is told with unavailable."""

    instance_id: str
    at: float
    key: str
    chat: str
    participant: str
    state: Showing
    chat_alt: str | None = None
    last_seen: int | None = None


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody's name in the account's address book."""

    jid: str
    name: str


class AddressBookRead(msgspec.Struct, frozen=True, kw_only=True, tag="address_book"):
    """Names in the account's address book that this process has not told yet; they may come again."""

    instance_id: str
    at: float
    key: str
    people: list[Called]


class AccountNamed(msgspec.Struct, frozen=True, kw_only=True, tag="account_named"):
    """The account has this name, given on whichever of its devices."""

    instance_id: str
    at: float
    key: str
    name: str


AccountEvent = PresenceChanged | AddressBookRead | AccountNamed
