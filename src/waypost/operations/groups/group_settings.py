"""group-settings: who writes in a group, and who changes what it is called. Each is switched by itself."""

from typing import Annotated

import msgspec
from msgspec import Meta

from waypost.engine.groups import GroupAnswer, SetGroupOption
from waypost.errors import InvalidRequest
from waypost.instances.instance import Instance
from waypost.operations.group_act import Doing, GroupAct, GroupStored, StagedMembers
from waypost.operations.group_shapes import GroupId, Success, group_id
from waypost.outbox.request import Upload


class GroupSettingsFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call; what is absent stays."""

    chatId: GroupId
    announce: Annotated[bool | None, Meta(description="Only admins write.")] = None
    locked: Annotated[
        bool | None, Meta(description="Only admins change subject, description and picture.")
    ] = None


class GroupSettingsPayload(GroupStored, frozen=True, kw_only=True):
    """What is stored of the call."""

    announce: bool | None = None
    locked: bool | None = None


def accept(fields: GroupSettingsFields, upload: Upload | None, instance: Instance) -> GroupSettingsPayload:
    """Check the fields. Raises InvalidRequest."""
    if fields.announce is None and fields.locked is None:
        raise InvalidRequest({"announce": ["Give announce, locked or both."]})
    return GroupSettingsPayload(chat=group_id(fields.chatId), announce=fields.announce, locked=fields.locked)


def order(payload: GroupSettingsPayload, doing: Doing) -> SetGroupOption:
    """What the session is told first."""
    return _orders(payload)[0]


async def do(payload: GroupSettingsPayload, doing: Doing) -> GroupAnswer:
    """Switch what was given. Raises EngineError."""
    for one in _orders(payload):
        await doing.session.group(one)
    return GroupAnswer()


def shown(payload: GroupSettingsPayload, staged: StagedMembers, answer: GroupAnswer) -> Success:
    """The result."""
    return Success()


def _orders(payload: GroupSettingsPayload) -> list[SetGroupOption]:
    orders: list[SetGroupOption] = []
    if payload.announce is not None:
        orders.append(SetGroupOption(group=payload.chat, option="announce", on=payload.announce))
    if payload.locked is not None:
        orders.append(SetGroupOption(group=payload.chat, option="locked", on=payload.locked))
    return orders


GROUP_SETTINGS = GroupAct(
    name="group-settings",
    summary="Change who may do what in a group",
    fields=GroupSettingsFields,
    payload=GroupSettingsPayload,
    result=Success,
    accept=accept,
    order=order,
    do=do,
    shown=shown,
    method="PUT",
).write()
