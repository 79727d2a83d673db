"""Groups without a network, for the engine that has none."""

from collections.abc import Sequence

import msgspec

from waypost.engine.groups import (
    CreateGroup,
    GetGroup,
    GetInvite,
    GetPicture,
    GroupAnswer,
    GroupInfo,
    GroupMember,
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
from waypost.errors import GROUP_NOT_FOUND, EngineError


class MemoryGroups:
    """Groups of one account, which is `own` (a JID). Everything is allowed."""

    def __init__(self, own: str) -> None:
        self._own = own
        self.infos: dict[str, GroupInfo] = {}

    def carry_out(self, order: GroupOrder) -> GroupAnswer:
        """Do what is asked. Raises EngineError(GROUP_NOT_FOUND)."""
        match order:
            case CreateGroup(subject=subject, members=members):
                return GroupAnswer(groups=[self._create(subject, members)])
            case ListGroups():
                return GroupAnswer(groups=list(self.infos.values()))
            case GetGroup(group=group):
                return GroupAnswer(groups=[self._info(group)])
            case UpdateMembers():
                return GroupAnswer(outcomes=self._update(order))
            case GetInvite(group=group):
                self._info(group)
                return GroupAnswer(link=f"https://chat.whatsapp.com/{group.partition('@')[0]}")
            case JoinGroup(code=code):
                return GroupAnswer(jid=self._info(f"{code}@g.us").jid)
            case SetPicture(group=group) | GetPicture(group=group):
                return GroupAnswer(picture_id=f"picture-of-{self._info(group).jid}")
            case LeaveGroup(group=group):
                del self.infos[self._info(group).jid]
            case SetSubject(group=group, subject=subject):
                self._change(group, subject=subject)
            case SetDescription(group=group, description=description):
                self._change(group, description=description or None)
            case SetGroupOption(group=group, option=option, on=on):
                self._change(group, **{option: on})
        return GroupAnswer()

    def _create(self, subject: str, members: Sequence[str]) -> GroupInfo:
        jid = f"{120363000000000000 + len(self.infos)}@g.us"
        people = [GroupMember(jid=self._own, role="superadmin")]
        people += [GroupMember(jid=member, role="member") for member in members]
        self.infos[jid] = GroupInfo(jid=jid, subject=subject, owner=self._own, members=people)
        return self.infos[jid]

    def _update(self, order: UpdateMembers) -> list[MemberOutcome]:
        known = {member.jid: member for member in self._info(order.group).members}
        for jid in order.members:
            if order.action == "remove":
                known.pop(jid, None)
            else:
                known[jid] = GroupMember(jid=jid, role="admin" if order.action == "promote" else "member")
        self._change(order.group, members=list(known.values()))
        return [MemberOutcome(jid=jid) for jid in order.members]

    def _info(self, group: str) -> GroupInfo:
        info = self.infos.get(group)
        if info is None:
            raise EngineError(GROUP_NOT_FOUND)
        return info

    def _change(self, group: str, **facts: object) -> None:
        self.infos[group] = msgspec.structs.replace(self._info(group), **facts)
