"""What happens to groups, as an event of the port."""

import hashlib
from typing import Any, Final, Literal

from waypost.engine.groups import GroupChanged
from waypost.engine.hosts.whatsmeow.group_facts import info_of
from waypost.engine.hosts.whatsmeow.jids import text_of, to_text

_GROUPS: Final = "@g.us"


def joined(event: Any, data: bytes, instance_id: str, at: float) -> GroupChanged:
    """The account came into a group, or made it."""
    info = info_of(event.GroupInfo)
    return GroupChanged(
        instance_id=instance_id,
        at=at,
        key=_key(data),
        group=info.jid,
        timestamp=int(at),
        author=to_text(event.Sender),
        joined=info,
    )


def changed(event: Any, data: bytes, instance_id: str, at: float) -> GroupChanged:
    """Something about a group is new. The library names the fields of one change in one event."""
    return GroupChanged(
        instance_id=instance_id,
        at=at,
        key=_key(data),
        group=to_text(event.JID) or "",
        timestamp=event.Timestamp,
        author=to_text(event.Sender) if event.HasField("Sender") else None,
        added=_jids(event.Join),
        removed=_jids(event.Leave),
        promoted=_jids(event.Promote),
        demoted=_jids(event.Demote),
        subject=text_of(event.Name.Name) if event.HasField("Name") else None,
        description=text_of(event.Topic.Topic) if event.HasField("Topic") else None,
        locked=event.Locked.isLocked if event.HasField("Locked") else None,
        announce=event.Announce.IsAnnounce if event.HasField("Announce") else None,
        link=text_of(event.NewInviteLink) or None,
        deleted=event.HasField("Delete"),
    )


def picture(event: Any, data: bytes, instance_id: str, at: float) -> GroupChanged | None:
    """A group has another picture; None when it is a person who has."""
    group = to_text(event.JID) or ""
    if not group.endswith(_GROUPS):
        return None
    shown: Literal["set", "removed"] = "removed" if event.Remove else "set"
    return GroupChanged(
        instance_id=instance_id,
        at=at,
        key=_key(data),
        group=group,
        timestamp=event.Timestamp,
        author=to_text(event.Author) if event.HasField("Author") else None,
        picture=shown,
    )


def _jids(jids: Any) -> list[str]:
    return [text for text in map(to_text, jids) if text is not None]


def _key(data: bytes) -> str:
    """The library does not tell the notification's id; what it says, with its time, is the same each time."""
    return f"group:{hashlib.sha256(data).hexdigest()[:32]}"
