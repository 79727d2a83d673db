"""Groups in the control API."""

from typing import Literal

import msgspec


class NewGroup(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """A group to create. `owner` and `members` are phones or contacts of this network; `addressing` says by
    which address members know each other."""

    subject: str
    owner: str
    members: list[str] = []
    locked: bool = False
    """Only admins change subject, description and picture."""
    announce: bool = False
    """Only admins write."""
    addressing: Literal["lid", "pn"] = "lid"


class GroupPatch(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to change about a group, as the member `by` (its owner, if nobody is named); absent: stays."""

    by: str | None = None
    subject: str | None = None
    description: str | None = None
    """Empty: none any more."""
    locked: bool | None = None
    announce: bool | None = None


class MembersChange(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What to do with members, as the member `by` (the owner, if nobody is named)."""

    action: Literal["add", "remove", "promote", "demote"]
    members: list[str]
    by: str | None = None


class GroupMember(msgspec.Struct, frozen=True):
    """A member; `role` is member, admin or superadmin (the owner)."""

    phone: str
    lid: str
    role: str


class GroupView(msgspec.Struct, frozen=True):
    """A group; `id` is its JID, `picture` the id of its picture."""

    id: str
    subject: str
    description: str | None
    owner: str
    addressing: str
    locked: bool
    announce: bool
    picture: str | None
    members: list[GroupMember]


class InviteView(msgspec.Struct, frozen=True):
    """The link that lets whoever has it in."""

    link: str
