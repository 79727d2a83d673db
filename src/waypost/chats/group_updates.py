"""What happens to groups, as an event."""

from typing import Any, Final

from waypost.chats.directory import Directory
from waypost.chats.payloads import Payload
from waypost.engine.groups import GroupChanged
from waypost.events import Event

_PEOPLE: Final = ("added", "removed", "promoted", "demoted")
_FACTS: Final = ("subject", "description", "locked", "announce", "link", "picture")


async def group_update(event: GroupChanged, directory: Directory) -> Event:
    """`group.update`: the group, who did it, and under `changes` only what is new. People come by the address
    that calls take, which is their number where it is known."""
    changes: dict[str, Any] = {}
    for name in _PEOPLE:
        if jids := getattr(event, name):
            changes[name] = [await _shown(event, directory, jid) for jid in jids]
    changes |= {name: value for name in _FACTS if (value := getattr(event, name)) is not None}
    if event.joined is not None:
        changes["joined"] = True
        changes["subject"] = event.joined.subject
        changes["participants"] = [
            {"id": await _shown(event, directory, member.number or member.jid), "role": member.role}
            for member in event.joined.members
        ]
    if event.deleted:
        changes["deleted"] = True
    author = None if event.author is None else await _shown(event, directory, event.author)
    payload: Payload = {
        "id": event.group,
        "timestamp": event.timestamp,
        "author": author,
        "changes": changes,
    }
    return Event(
        instance_id=event.instance_id,
        name="group.update",
        key=event.key,
        at=event.at,
        payload=payload,
        chat=event.group,
    )


async def learn_members(event: GroupChanged, directory: Directory) -> None:
    """Both addresses of everybody in a group that the account came into."""
    members = [] if event.joined is None else event.joined.members
    await directory.learn(event.instance_id, *((member.number, member.lid) for member in members))


async def _shown(event: GroupChanged, directory: Directory, jid: str) -> str:
    party = await directory.party(event.instance_id, jid)
    return party.shown
