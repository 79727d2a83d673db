"""Groups of the library as those of the port."""

from typing import Any

from waypost.engine.groups import GroupInfo, GroupMember, Role
from waypost.engine.hosts.whatsmeow.jids import LIDS, NUMBERS, text_of, to_text


def info_of(group: Any) -> GroupInfo:
    """A group of the library as one of the port."""
    return GroupInfo(
        jid=to_text(group.JID) or "",
        subject=text_of(group.GroupName.Name),
        subject_at=group.GroupName.NameSetAt if group.GroupName.NameSetAt > 0 else None,
        description=text_of(group.GroupTopic.Topic) or None,
        owner=to_text(group.OwnerJID),
        locked=group.GroupLocked.isLocked,
        announce=group.GroupAnnounce.IsAnnounce,
        members=[_member(member) for member in group.Participants],
    )


def _member(member: Any) -> GroupMember:
    jid = to_text(member.JID) or ""
    role: Role = "superadmin" if member.IsSuperAdmin else "admin" if member.IsAdmin else "member"
    number, lid = to_text(member.PhoneNumber), to_text(member.LID)
    return GroupMember(
        jid=jid,
        role=role,
        number=number or (jid if jid.endswith(f"@{NUMBERS}") else None),
        lid=lid or (jid if jid.endswith(f"@{LIDS}") else None),
    )
