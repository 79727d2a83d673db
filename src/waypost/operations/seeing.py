"""What the operations that mark messages as read have in common.

Which messages that are is settled when the call has its turn: what came in meanwhile was seen with the rest.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from waypost.address import Jid
from waypost.chats.store import Unseen
from waypost.operations.resources import Resources

_AT_ONCE: Final = 100  # ids that one receipt names


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """Messages of one author in one chat, as the network addresses them."""

    chat: str
    sender: str
    ids: list[str]


async def unseen(resources: Resources, instance_id: str, chat: Jid, since: float, limit: int) -> list[Sight]:
    """The latest `limit` messages of a chat that were not read, by author."""
    names = await resources.contacts.lids.names_of(instance_id, chat)
    chats = [str(one) for one in names] or [str(chat)]
    return _by_author(await resources.chats.unseen(instance_id, chats, since, limit))


async def see(resources: Resources, instance_id: str, sights: Sequence[Sight]) -> list[str]:
    """Tell the authors, and note it here; the ids. Raises EngineError, StorageError."""
    session = resources.session(instance_id)
    told: list[str] = []
    for sight in sights:
        for at in range(0, len(sight.ids), _AT_ONCE):
            ids = sight.ids[at : at + _AT_ONCE]
            await session.mark_read(sight.chat, sight.sender, ids)
            await resources.chats.see(instance_id, ids)
            told += ids
    return told


def _by_author(messages: Sequence[Unseen]) -> list[Sight]:
    found: dict[tuple[str, str], list[str]] = {}
    for one in messages:
        found.setdefault((one.chat, one.sender), []).append(one.message_id)
    return [Sight(chat=chat, sender=sender, ids=ids) for (chat, sender), ids in found.items()]
