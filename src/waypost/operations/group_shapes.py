"""Fields of operations on groups, and groups as the API shows them."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waypost.address import Jid, parse_chat_id
from waypost.engine.groups import GroupInfo, MemberOutcome, Role
from waypost.errors import InvalidRequest
from waypost.operations.group_act import Named, StagedMembers

MOST_MEMBERS: Final = 1024
"""Members that WhatsApp lets a group have."""

GroupId = Annotated[str, Meta(description="The group: <id>@g.us.", examples=["120363025246125486@g.us"])]
Participants = Annotated[
    list[Annotated[str, Meta(description="<number>@c.us, <n>@lid, or a number.")]],
    Meta(description="The people.", max_length=MOST_MEMBERS),
]
Subject = Annotated[str, Meta(description="The group's name.", min_length=1, max_length=100)]


class GroupFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a call about a group."""

    chatId: GroupId


class Success(msgspec.Struct, frozen=True, kw_only=True):
    """What calls tell that have nothing else to tell."""

    result: bool = True


class Participant(msgspec.Struct, frozen=True, kw_only=True):
    """A member: the address by which messages name it, both addresses where they are known, and its role:
    member, admin, or superadmin, who made the group."""

    id: str
    number: str | None
    lid: str | None
    role: Role


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A group. With `locked` only admins change what it is called, with `announce` only they write."""

    id: str
    subject: str
    description: str | None
    owner: str | None
    locked: bool
    announce: bool
    participants: list[Participant]


class Changed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of one of the people: `status` is 200 for done; 403 when the person does not let itself be
    added, 404 when it is not on WhatsApp or not in the group, 409 when it was in it already."""

    id: str
    status: int


def group_id(text: str, field: str = "chatId") -> str:
    """A group's JID. Raises InvalidRequest for every other kind of address."""
    jid = parse_chat_id(text, field)
    if not jid.is_group:
        raise InvalidRequest({field: ["The chatId must be a group's: <id>@g.us."]})
    return str(jid)


def people(participants: Sequence[str], *, least: int = 1) -> list[str]:
    """The JIDs of people, each once. Raises InvalidRequest."""
    jids: dict[str, None] = {}
    for text in participants:
        jid = parse_chat_id(text, "participants")
        if jid.is_group:
            raise InvalidRequest({"participants": ["A participant must be a person, not a group."]})
        jids[str(jid)] = None
    if len(jids) < least:
        raise InvalidRequest({"participants": ["The participants field is required."]})
    return list(jids)


def shown_group(info: GroupInfo) -> Group:
    """A group as the API shows it."""
    return Group(
        id=info.jid,
        subject=info.subject,
        description=info.description,
        owner=None if info.owner is None else chat_id(info.owner),
        locked=info.locked,
        announce=info.announce,
        participants=[
            Participant(
                id=chat_id(member.jid),
                number=None if member.number is None else chat_id(member.number),
                lid=member.lid,
                role=member.role,
            )
            for member in info.members
        ],
    )


def outcomes(staged: StagedMembers, told: Sequence[MemberOutcome]) -> list[Changed]:
    """What became of everybody who was named, in that order. The server may name them by their other
    address."""
    errors = {name: one.error for one in told for name in (one.jid, one.number, one.lid) if name is not None}
    return [Changed(id=chat_id(member.asked), status=_status(member, errors)) for member in staged.members]


def _status(member: Named, errors: Mapping[str, int]) -> int:
    if member.jid is None:
        return 404
    found = [errors[name] for name in (member.jid, member.lid) if name is not None and name in errors]
    return (found[0] or 200) if found else 404


def chat_id(jid: str) -> str:
    """An address as calls may name it."""
    return Jid.parse(jid).bare.chat_id
