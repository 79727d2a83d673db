"""group-subject: another name for a group."""

import msgspec

from waypost.engine.groups import GroupAnswer, SetSubject
from waypost.instances.instance import Instance
from waypost.operations.group_act import Doing, GroupAct, GroupStored, StagedMembers
from waypost.operations.group_shapes import GroupId, Subject, Success, group_id
from waypost.outbox.request import Upload


class GroupSubjectFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: GroupId
    subject: Subject


class GroupSubjectPayload(GroupStored, frozen=True, kw_only=True):
    """What is stored of the call."""

    subject: str


def accept(fields: GroupSubjectFields, upload: Upload | None, instance: Instance) -> GroupSubjectPayload:
    """Check the fields. Raises InvalidRequest."""
    return GroupSubjectPayload(chat=group_id(fields.chatId), subject=fields.subject)


def order(payload: GroupSubjectPayload, doing: Doing) -> SetSubject:
    """What the session is told."""
    return SetSubject(group=payload.chat, subject=payload.subject)


def shown(payload: GroupSubjectPayload, staged: StagedMembers, answer: GroupAnswer) -> Success:
    """The result."""
    return Success()


GROUP_SUBJECT = GroupAct(
    name="group-subject",
    summary="Rename a group",
    fields=GroupSubjectFields,
    payload=GroupSubjectPayload,
    result=Success,
    accept=accept,
    order=order,
    shown=shown,
    method="PUT",
).write()
