"""Orders about groups, as calls into the library."""

import secrets
from collections.abc import Callable
from typing import Final, TypeVar

from neonize.proto import Neonize_pb2 as proto

from waypost.engine.groups import (
    CreateGroup,
    GetGroup,
    GetInvite,
    GetPicture,
    GroupAnswer,
    GroupInfo,
    GroupOrder,
    JoinGroup,
    LeaveGroup,
    ListGroups,
    MemberOutcome,
    SetDescription,
    SetGroupOption,
    SetPicture,
    SetSubject,
    UpdateMembers,
)
from waypost.engine.hosts.whatsmeow import refusals
from waypost.engine.hosts.whatsmeow.group_facts import info_of
from waypost.engine.hosts.whatsmeow.group_library import GroupFunctions
from waypost.engine.hosts.whatsmeow.jids import to_proto, to_text
from waypost.engine.hosts.whatsmeow.session import HostedSession
from waypost.errors import GROUP_NOT_ADMIN, GROUP_NOT_FOUND, EngineError

T = TypeVar("T")

_KEY_BYTES: Final = 9  # of what tells one creation from another, as whatsmeow makes its ids


async def carry_out(session: HostedSession, order: GroupOrder) -> GroupAnswer:
    """Do what `order` says and tell what came of it. Raises EngineError."""
    match order:
        case CreateGroup() | GetGroup() | ListGroups():
            return GroupAnswer(groups=await _groups(session, order))
        case UpdateMembers():
            return GroupAnswer(outcomes=await _update(session, order))
        case GetInvite(group=group, renew=renew):
            jid = to_proto(group)
            data = await _call(session, lambda calls, client: calls.invite(client, jid, renew))
            invite = proto.GetGroupInviteLinkReturnFunction.FromString(data)
            await _check(session, group, invite.Error)
            return GroupAnswer(link=invite.InviteLink)
        case JoinGroup(code=code):
            data = await _call(session, lambda calls, client: calls.join(client, code))
            joined = proto.JoinGroupWithLinkReturnFunction.FromString(data)
            if joined.Error:
                raise refusals.of_group(joined.Error)
            return GroupAnswer(jid=to_text(joined.Jid))
        case SetPicture() | GetPicture():
            return await _picture(session, order)
        case _:
            await _check(session, order.group, await _call(session, _told(order)))
            return GroupAnswer()


async def why_refused(session: HostedSession, group: str) -> EngineError:
    """The reason for which the server does not let this account do something in a group: it is in it, and
    lacks the right, or it is not."""
    jid = to_proto(group)
    data = await _call(session, lambda calls, client: calls.info(client, jid))
    error = proto.GetGroupInfoReturnFunction.FromString(data).Error
    return refusals.of_group(error) if error else EngineError(GROUP_NOT_ADMIN)


async def _call(session: HostedSession, function: Callable[[GroupFunctions, bytes], T]) -> T:
    return await session.call(lambda library, client: function(library.groups, client))


async def _check(session: HostedSession, group: str, error: str) -> None:
    if not error:
        return
    refused = refusals.of_group(error)
    # The server answers 403 for both.
    raise await why_refused(session, group) if refused.fault is GROUP_NOT_ADMIN else refused


async def _groups(session: HostedSession, order: CreateGroup | GetGroup | ListGroups) -> list[GroupInfo]:
    if isinstance(order, ListGroups):
        found = proto.GetJoinedGroupsReturnFunction.FromString(
            await _call(session, lambda calls, client: calls.joined(client))
        )
        if found.Error:
            raise refusals.of_group(found.Error)
        return [info_of(group) for group in found.Group]
    data = await _call(session, _asked(order))
    answer = proto.GetGroupInfoReturnFunction.FromString(data)
    if answer.Error:
        raise refusals.of_group(answer.Error)
    if not answer.HasField("GroupInfo"):
        raise EngineError(GROUP_NOT_FOUND)
    return [info_of(answer.GroupInfo)]


def _asked(order: CreateGroup | GetGroup) -> Callable[[GroupFunctions, bytes], bytes]:
    if isinstance(order, GetGroup):
        jid = to_proto(order.group)
        return lambda calls, client: calls.info(client, jid)
    request = proto.ReqCreateGroup(
        name=order.subject,
        Participants=[proto.JID.FromString(to_proto(member)) for member in order.members],
        # The library reads it without asking whether it is there.
        CreateKey="3EB0" + secrets.token_hex(_KEY_BYTES).upper(),
    ).SerializeToString()
    return lambda calls, client: calls.create(client, request)


async def _update(session: HostedSession, order: UpdateMembers) -> list[MemberOutcome]:
    jid = to_proto(order.group)
    members = proto.JIDArray(
        JIDS=[proto.JID.FromString(to_proto(member)) for member in order.members]
    ).SerializeToString()
    answer = proto.UpdateGroupParticipantsReturnFunction.FromString(
        await _call(session, lambda calls, client: calls.update(client, jid, members, order.action))
    )
    await _check(session, order.group, answer.Error)
    return [
        MemberOutcome(
            jid=to_text(member.JID) or "",
            error=member.Error,
            number=to_text(member.PhoneNumber),
            lid=to_text(member.LID),
        )
        for member in answer.participants
    ]


async def _picture(session: HostedSession, order: SetPicture | GetPicture) -> GroupAnswer:
    jid = to_proto(order.group)
    if isinstance(order, SetPicture):
        jpeg = order.jpeg
        changed = proto.SetGroupPhotoReturnFunction.FromString(
            await _call(session, lambda calls, client: calls.set_picture(client, jid, jpeg))
        )
        await _check(session, order.group, changed.Error)
        return GroupAnswer(picture_id=changed.PictureID)
    extra = proto.GetProfilePictureParams(Preview=False, ExistingID="", IsCommunity=False).SerializeToString()
    found = proto.GetProfilePictureReturnFunction.FromString(
        await _call(session, lambda calls, client: calls.picture(client, jid, extra))
    )
    if found.Error:
        if refusals.no_picture(found.Error):
            return GroupAnswer()
        raise refusals.of_group(found.Error)
    return GroupAnswer(picture_id=found.Picture.ID or None, picture_url=found.Picture.URL or None)


def _told(
    order: SetSubject | SetDescription | SetGroupOption | LeaveGroup,
) -> Callable[[GroupFunctions, bytes], str]:
    jid = to_proto(order.group)
    match order:
        case SetSubject(subject=subject):
            return lambda calls, client: calls.set_subject(client, jid, subject)
        case SetDescription(description=description):
            return lambda calls, client: calls.set_description(client, jid, description)
        case SetGroupOption(option="locked", on=on):
            return lambda calls, client: calls.set_locked(client, jid, on)
        case SetGroupOption(on=on):
            return lambda calls, client: calls.set_announce(client, jid, on)
        case LeaveGroup():
            return lambda calls, client: calls.leave(client, jid)
