"""group-invite-reset: a new invite link; the one there was is revoked."""

import msgspec

from waypost.engine.groups import GetInvite, GroupAnswer
from waypost.instances.instance import Instance
from waypost.operations.group_act import Doing, GroupAct, GroupStored, StagedMembers
from waypost.operations.group_shapes import GroupFields, group_id
from waypost.outbox.request import Upload


class InviteResult(msgspec.Struct, frozen=True, kw_only=True):
    """The link that lets whoever has it in."""

    link: str


def accept(fields: GroupFields, upload: Upload | None, instance: Instance) -> GroupStored:
    """Check the fields. Raises InvalidRequest."""
    return GroupStored(chat=group_id(fields.chatId))


def order(payload: GroupStored, doing: Doing) -> GetInvite:
    """What the session is told."""
    return GetInvite(group=payload.chat, renew=True)


def shown(payload: GroupStored, staged: StagedMembers, answer: GroupAnswer) -> InviteResult:
    """The result."""
    return InviteResult(link=answer.link or "")


GROUP_INVITE_RESET = GroupAct(
    name="group-invite-reset",
    summary="Renew the invite link of a group",
    fields=GroupFields,
    payload=GroupStored,
    result=InviteResult,
    accept=accept,
    order=order,
    shown=shown,
).write()
