"""What a contact may send beside texts and files, as the control API speaks of it."""

from typing import Annotated, Literal

import msgspec

Name = Annotated[str, msgspec.Meta(min_length=1, max_length=1000)]


class React(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="reaction"):
    """An emoji on a message, empty to take it away."""

    message_id: str
    emoji: str


class Edit(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="edit"):
    """Other words in a text of the contact's, or under its picture; `sealed` as newer phones send them, for
    those who have the secret of what is edited."""

    message_id: str
    text: str
    sealed: bool = False


class Revoke(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="revoke"):
    """A message of the contact's, taken back."""

    message_id: str


class AskPoll(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="poll"):
    """A poll, of whose options `selectable` may be chosen; 0 for any number."""

    name: Name
    options: list[Name]
    selectable: Annotated[int, msgspec.Meta(ge=0, le=12)] = 0


class GiveVote(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="vote"):
    """A vote on a poll that the contact has received or sent: the names of the options it chooses."""

    poll_id: str
    options: list[str]


class ShowPlace(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="location"):
    """A place, in degrees; `live` is one that moves."""

    latitude: float
    longitude: float
    name: str | None = None
    live: bool = False


class HandCard(msgspec.Struct, frozen=True, forbid_unknown_fields=True, tag="contact"):
    """A contact card."""

    name: str
    vcard: str


Act = React | Edit | Revoke | AskPoll | GiveVote | ShowPlace | HandCard


class Tell(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a contact tells of a message in its inbox; only a voice note or another sound can be played."""

    type: Literal["read", "played"]


class CallTo(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A call of a contact to a phone."""

    to: str
    video: bool = False


class Called(msgspec.Struct, frozen=True):
    """A call that rings, on so many devices."""

    id: str
    to: str
    devices: int
