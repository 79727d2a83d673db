"""create-group: a group of this account and others.

Queued, as all that changes anything. WhatsApp has no key by which a second request for the same group would
be known as such: an attempt that follows one whose answer was lost first looks for a group of that name which
this account has made since it was asked to, and takes that.
"""

from typing import Final

import msgspec

from waypost.address import Jid
from waypost.engine.groups import CreateGroup, GroupAnswer, GroupInfo, ListGroups
from waypost.instances.instance import Instance
from waypost.operations.group_act import Doing, GroupAct, GroupStored, StagedMembers
from waypost.operations.group_shapes import (
    Changed,
    Group,
    Participants,
    Subject,
    chat_id,
    people,
    shown_group,
)
from waypost.outbox.request import Upload

_CLOCKS_DIFFER_SECONDS: Final = 60


class CreateGroupFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    subject: Subject
    participants: Participants


class CreateGroupPayload(GroupStored, frozen=True, kw_only=True):
    """What is stored of the call."""

    subject: str


class CreateGroupResult(msgspec.Struct, frozen=True, kw_only=True):
    """The group; `participants` says of everybody who was named whether they are in it."""

    group: Group
    participants: list[Changed]


def accept(fields: CreateGroupFields, upload: Upload | None, instance: Instance) -> CreateGroupPayload:
    """Check the fields. Raises InvalidRequest."""
    return CreateGroupPayload(
        chat=str(Jid.of_number(instance.phone)), members=people(fields.participants), subject=fields.subject
    )


def order(payload: CreateGroupPayload, doing: Doing) -> CreateGroup:
    """What the session is told."""
    return CreateGroup(subject=payload.subject, members=doing.staged.found)


async def do(payload: CreateGroupPayload, doing: Doing) -> GroupAnswer:
    """Create it, unless an earlier attempt has. Raises EngineError."""
    if doing.attempt > 1:
        listed = (await doing.session.group(ListGroups())).groups
        made = next((group for group in listed if _is_it(group, payload, doing)), None)
        if made is not None:
            return GroupAnswer(groups=[made])
    return await doing.session.group(order(payload, doing))


def shown(payload: CreateGroupPayload, staged: StagedMembers, answer: GroupAnswer) -> CreateGroupResult:
    """The result."""
    info = answer.groups[0]
    inside = {name for one in info.members for name in (one.jid, one.number, one.lid)}
    # The server leaves out of a new group whom it can't add, without saying why.
    statuses = [
        Changed(
            id=chat_id(member.asked),
            status=404 if member.jid is None else 200 if {member.jid, member.lid} & inside else 403,
        )
        for member in staged.members
    ]
    return CreateGroupResult(group=shown_group(info), participants=statuses)


def _is_it(group: GroupInfo, payload: CreateGroupPayload, doing: Doing) -> bool:
    # Naming a group is what dates it: the library rounds the time of its creation to some minutes.
    since = doing.asked_at - _CLOCKS_DIFFER_SECONDS
    own = Jid.parse(doing.session.mark.device_jid).bare
    mine = any(one.role == "superadmin" and str(own) in (one.jid, one.number) for one in group.members)
    return mine and group.subject == payload.subject and (group.subject_at or 0) >= since


CREATE_GROUP = GroupAct(
    name="create-group",
    summary="Create a group",
    fields=CreateGroupFields,
    payload=CreateGroupPayload,
    result=CreateGroupResult,
    accept=accept,
    order=order,
    do=do,
    shown=shown,
).write()
