"""group-description: what a group is for; empty takes the description away."""

from typing import Annotated

import msgspec
from msgspec import Meta

from waypost.engine.groups import GroupAnswer, SetDescription
from waypost.instances.instance import Instance
from waypost.operations.group_act import Doing, GroupAct, GroupStored, StagedMembers
from waypost.operations.group_shapes import GroupId, Success, group_id
from waypost.outbox.request import Upload


class GroupDescriptionFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    chatId: GroupId
    description: Annotated[str, Meta(description="The description; empty for none.", max_length=2048)]


class GroupDescriptionPayload(GroupStored, frozen=True, kw_only=True):
    """What is stored of the call."""

    description: str


def accept(
    fields: GroupDescriptionFields, upload: Upload | None, instance: Instance
) -> GroupDescriptionPayload:
    """Check the fields. Raises InvalidRequest."""
    return GroupDescriptionPayload(chat=group_id(fields.chatId), description=fields.description)


def order(payload: GroupDescriptionPayload, doing: Doing) -> SetDescription:
    """What the session is told."""
    return SetDescription(group=payload.chat, description=payload.description)


def shown(payload: GroupDescriptionPayload, staged: StagedMembers, answer: GroupAnswer) -> Success:
    """The result."""
    return Success()


GROUP_DESCRIPTION = GroupAct(
    name="group-description",
    summary="Describe a group",
    fields=GroupDescriptionFields,
    payload=GroupDescriptionPayload,
    result=Success,
    accept=accept,
    order=order,
    shown=shown,
    method="PUT",
    blank=frozenset({"description"}),
).write()
