"""join-group: come into a group by its invite link. Where its admins have to agree, that is asked for."""

import re
from typing import Annotated, Final

import msgspec
from msgspec import Meta

from waypost.address import Jid
from waypost.engine.groups import GroupAnswer, JoinGroup
from waypost.errors import InvalidRequest
from waypost.instances.instance import Instance
from waypost.operations.group_act import Doing, GroupAct, GroupStored, StagedMembers
from waypost.outbox.request import Upload

_LINK: Final = re.compile(
    r"(?:https?://)?(?:chat\.whatsapp\.com/)?(?:invite/)?([A-Za-z0-9_-]{8,64})(?:\?.*)?"
)


class JoinGroupFields(msgspec.Struct, frozen=True, kw_only=True):
    """The body of the call."""

    link: Annotated[str, Meta(description="https://chat.whatsapp.com/<code>, or the code.", max_length=300)]


class JoinGroupPayload(GroupStored, frozen=True, kw_only=True):
    """What is stored of the call."""

    code: str


class JoinGroupResult(msgspec.Struct, frozen=True, kw_only=True):
    """The group that the account is in now, or has asked to come into."""

    id: str


def accept(fields: JoinGroupFields, upload: Upload | None, instance: Instance) -> JoinGroupPayload:
    """Check the fields. Raises InvalidRequest."""
    found = _LINK.fullmatch(fields.link.strip())
    if found is None:
        raise InvalidRequest({"link": ["The link must be https://chat.whatsapp.com/<code>."]})
    return JoinGroupPayload(chat=str(Jid.of_number(instance.phone)), code=found[1])


def order(payload: JoinGroupPayload, doing: Doing) -> JoinGroup:
    """What the session is told."""
    return JoinGroup(code=payload.code)


def shown(payload: JoinGroupPayload, staged: StagedMembers, answer: GroupAnswer) -> JoinGroupResult:
    """The result."""
    return JoinGroupResult(id=answer.jid or "")


JOIN_GROUP = GroupAct(
    name="join-group",
    summary="Join a group by its invite link",
    fields=JoinGroupFields,
    payload=JoinGroupPayload,
    result=JoinGroupResult,
    accept=accept,
    order=order,
    shown=shown,
).write()
