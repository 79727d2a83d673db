"""Groups as a session speaks of them: what can be asked, and what is answered.

JIDs travel as text. A group knows its members by LID or by number; where the server tells both, both are
here.
"""

from typing import Literal

import msgspec

Role = Literal["member", "admin", "superadmin"]
MemberAction = Literal["add", "remove", "promote", "demote"]


class GroupMember(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody in a group; `jid` is the address that the group knows, `superadmin` is its owner."""

    jid: str
    role: Role
    number: str | None = None
    lid: str | None = None


class GroupInfo(msgspec.Struct, frozen=True, kw_only=True):
    """A group. With `locked` only admins change subject, description and picture, with `announce` only they
    write. Times are seconds since the epoch."""

    jid: str
    subject: str
    subject_at: int | None = None
    description: str | None = None
    owner: str | None = None
    locked: bool = False
    announce: bool = False
    members: list[GroupMember] = []


class MemberOutcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one member that was named; `error` is the server's code, 0 for done: 403 the person lets
    only contacts add it, 404 nobody of that number, or not in the group, 409 in it already."""

    jid: str
    error: int = 0
    number: str | None = None
    lid: str | None = None


# --- what is asked ------------------------------------------------------------------------------------------


class CreateGroup(msgspec.Struct, frozen=True, kw_only=True, tag="create"):
    """Create a group of this account and `members` (JIDs); who can't be added is left out."""

    subject: str
    members: list[str]


class GetGroup(msgspec.Struct, frozen=True, kw_only=True, tag="get"):
    """All about one group."""

    group: str


class ListGroups(msgspec.Struct, frozen=True, kw_only=True, tag="list"):
    """All groups that the account is in."""


class UpdateMembers(msgspec.Struct, frozen=True, kw_only=True, tag="members"):
    """Add, remove, promote or demote."""

    group: str
    action: MemberAction
    members: list[str]


class SetSubject(msgspec.Struct, frozen=True, kw_only=True, tag="subject"):
    """Rename a group."""

    group: str
    subject: str


class SetDescription(msgspec.Struct, frozen=True, kw_only=True, tag="description"):
    """Describe a group; empty takes the description away."""

    group: str
    description: str


class SetGroupOption(msgspec.Struct, frozen=True, kw_only=True, tag="option"):
    """Switch `locked` or `announce`."""

    group: str
    option: Literal["locked", "announce"]
    on: bool


class SetPicture(msgspec.Struct, frozen=True, kw_only=True, tag="picture"):
    """Show another picture, a JPEG. The library can't take one away: it sends an empty picture instead of
    none."""

    group: str
    jpeg: bytes


class GetPicture(msgspec.Struct, frozen=True, kw_only=True, tag="get_picture"):
    """Where the group's picture lies."""

    group: str


class GetInvite(msgspec.Struct, frozen=True, kw_only=True, tag="invite"):
    """The invite link; `renew` revokes the one there was."""

    group: str
    renew: bool = False


class JoinGroup(msgspec.Struct, frozen=True, kw_only=True, tag="join"):
    """Come in by the code of an invite link."""

    code: str


class LeaveGroup(msgspec.Struct, frozen=True, kw_only=True, tag="leave"):
    """Go."""

    group: str


GroupOrder = (
    CreateGroup
    | GetGroup
    | ListGroups
    | UpdateMembers
    | SetSubject
    | SetDescription
    | SetGroupOption
    | SetPicture
    | GetPicture
    | GetInvite
    | JoinGroup
    | LeaveGroup
)


class GroupAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of an order: `groups` for create, get and list, `outcomes` for members, `link` for an invite,
    `picture_id` and `picture_url` for pictures, `jid` for who joined."""

    groups: list[GroupInfo] = []
    outcomes: list[MemberOutcome] = []
    link: str | None = None
    picture_id: str | None = None
    picture_url: str | None = None
    jid: str | None = None


# --- what happens ----------------------------------------------------------------------------------------


class GroupChanged(msgspec.Struct, frozen=True, kw_only=True, tag="group"):
    """A group of the account changed, or the account came into it (`joined`, with the whole of it). `author`
    did it, where the server says who; absent fields did not change. `picture`: set or removed."""

    instance_id: str
    at: float
    key: str
    group: str
    timestamp: int
    author: str | None = None
    joined: GroupInfo | None = None
    added: list[str] = []
    removed: list[str] = []
    promoted: list[str] = []
    demoted: list[str] = []
    subject: str | None = None
    description: str | None = None
    locked: bool | None = None
    announce: bool | None = None
    link: str | None = None
    picture: Literal["set", "removed"] | None = None
    deleted: bool = False
