"""leave-group: go; what was asked for in that group before is still done."""

from waypost.engine.groups import GroupAnswer, LeaveGroup
from waypost.errors import GROUP_NOT_FOUND, EngineError
from waypost.instances.instance import Instance
from waypost.operations.group_act import Doing, GroupAct, GroupStored, StagedMembers
from waypost.operations.group_shapes import GroupFields, Success, group_id
from waypost.outbox.request import Upload


def accept(fields: GroupFields, upload: Upload | None, instance: Instance) -> GroupStored:
    """Check the fields. Raises InvalidRequest."""
    return GroupStored(chat=group_id(fields.chatId))


def order(payload: GroupStored, doing: Doing) -> LeaveGroup:
    """What the session is told."""
    return LeaveGroup(group=payload.chat)


async def do(payload: GroupStored, doing: Doing) -> GroupAnswer:
    """Leave; an attempt that follows one whose answer was lost may find that it is done.

    Raises EngineError.
    """
    try:
        return await doing.session.group(order(payload, doing))
    except EngineError as error:
        if doing.attempt == 1 or error.fault is not GROUP_NOT_FOUND:
            raise
    return GroupAnswer()


def shown(payload: GroupStored, staged: StagedMembers, answer: GroupAnswer) -> Success:
    """The result."""
    return Success()


LEAVE_GROUP = GroupAct(
    name="leave-group",
    summary="Leave a group",
    fields=GroupFields,
    payload=GroupStored,
    result=Success,
    accept=accept,
    order=order,
    do=do,
    shown=shown,
).write()
