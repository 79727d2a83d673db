"""What the operations that change a group's members have in common."""

from typing import Any

import msgspec

from waypost.engine.groups import GroupAnswer, MemberAction, UpdateMembers
from waypost.instances.instance import Instance
from waypost.operations.group_act import Doing, GroupAct, GroupStored, StagedMembers
from waypost.operations.group_shapes import Changed, GroupId, Participants, group_id, outcomes, people
from waypost.operations.kind import Write
from waypost.outbox.request import Upload


class MembersFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: GroupId
    participants: Participants


class MembersResult(msgspec.Struct, frozen=True, kw_only=True):
    """What became of everybody who was named."""

    participants: list[Changed]


def accept(fields: MembersFields, upload: Upload | None, instance: Instance) -> GroupStored:
    """Check the fields. Raises InvalidRequest."""
    return GroupStored(chat=group_id(fields.chatId), members=people(fields.participants))


def shown(payload: GroupStored, staged: StagedMembers, answer: GroupAnswer) -> MembersResult:
    """The result."""
    return MembersResult(participants=outcomes(staged, answer.outcomes))


def members_act(action: MemberAction, summary: str) -> Write[Any, Any]:
    """The operation that does this to members."""

    def order(payload: GroupStored, doing: Doing) -> UpdateMembers:
        return UpdateMembers(group=payload.chat, action=action, members=doing.staged.found)

    return GroupAct(
        name=f"group-participants-{action}",
        summary=summary,
        fields=MembersFields,
        payload=GroupStored,
        result=MembersResult,
        accept=accept,
        order=order,
        shown=shown,
    ).write()
