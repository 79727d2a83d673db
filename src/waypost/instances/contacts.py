"""Who is behind a number: what the server answered, kept so that not every message asks again."""

from collections import OrderedDict
from collections.abc import Sequence
from typing import Protocol

import msgspec

from waypost.address import Jid
from waypost.clock import Clock

# A number changes hands within months, not hours; an account that appeared yesterday must be found today.
FRESH_SECONDS = 24 * 3600.0
_REMEMBERED = 50_000  # chats in memory, about 10 MB


class Contact(msgspec.Struct, frozen=True, kw_only=True):
    """The server's answer about `asked` (a JID): `jid` is the one to send to."""

    asked: str
    jid: str
    lid: str | None
    checked_at: float


class ContactStore(Protocol):
    """Where contacts are kept."""

    async def put(self, instance_id: str, contacts: Sequence[Contact]) -> None:
        """Keep what the server answered; a newer answer replaces an older one."""
        ...

    async def get(self, instance_id: str, asked: str) -> Contact | None:
        """What is known of an address, in the spelling that was asked for."""
        ...


class Contacts:
    """Contacts, with the latest in memory, known and unknown."""

    def __init__(self, store: ContactStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._recent: OrderedDict[tuple[str, str], Contact | None] = OrderedDict()

    async def get(self, instance_id: str, chat: Jid) -> Contact | None:
        """What is known of `chat`, however old."""
        key = (instance_id, str(chat))
        if key in self._recent:
            self._recent.move_to_end(key)
            return self._recent[key]
        contact = await self._store.get(instance_id, str(chat))
        self._remember(key, contact)
        return contact

    async def fresh(self, instance_id: str, chat: Jid) -> Contact | None:
        """What is known of `chat` when it is recent enough to send by."""
        contact = await self.get(instance_id, chat)
        if contact is None or contact.checked_at < self._clock.now() - FRESH_SECONDS:
            return None
        return contact

    async def learn(self, instance_id: str, asked: Jid, jid: Jid, lid: Jid | None) -> Contact:
        """Note the server's answer about `asked`, for the corrected address too."""
        at = self._clock.now()
        lid_text = str(lid) if lid else None
        known = [
            Contact(asked=str(one), jid=str(jid), lid=lid_text, checked_at=at)
            for one in dict.fromkeys((asked, jid))
        ]
        await self._store.put(instance_id, known)
        for contact in known:
            self._remember((instance_id, contact.asked), contact)
        return known[0]

    def _remember(self, key: tuple[str, str], contact: Contact | None) -> None:
        self._recent[key] = contact
        self._recent.move_to_end(key)
        if len(self._recent) > _REMEMBERED:
            self._recent.popitem(last=False)
