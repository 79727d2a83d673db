"""What the engine tells of accounts: their names, their address books, and who is online."""

import contextlib
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

from waypost.address import Jid
from waypost.engine.account import AccountNamed, AddressBookRead, PresenceChanged
from waypost.engine.port import EngineEvent
from waypost.events import Event
from waypost.instances.contacts import Contacts, Naming

# As clients of the V2 API know them; the words of the others are the same.
_KNOWN: Final = {"available": "online", "unavailable": "offline"}


class AccountEvents:
    """Brings them to those who keep and tell them."""

    def __init__(
        self,
        contacts: Contacts,
        publish: Callable[[Sequence[Event]], Awaitable[None]],
        on_named: Callable[[str, str], Awaitable[None]],
    ) -> None:
        """`on_named(instance_id, name)` takes note of an account's own name."""
        self._contacts = contacts
        self._publish = publish
        self._on_named = on_named

    async def take(self, events: Sequence[EngineEvent]) -> None:
        """Keep and tell durably; those of other kinds are left out. Raises StorageError."""
        presences: list[Event] = []
        for event in events:
            match event:
                case AccountNamed():
                    await self._on_named(event.instance_id, event.name)
                case AddressBookRead():
                    names = [
                        Naming(jid=one.jid, name=one.name) for one in event.people if _is_person(one.jid)
                    ]
                    await self._contacts.call(event.instance_id, names)
                case PresenceChanged():
                    # Whoever writes from another network has an address that means nothing here.
                    with contextlib.suppress(ValueError):
                        presences.append(await self._presence(event))
        if presences:
            await self._publish(presences)

    async def _presence(self, event: PresenceChanged) -> Event:
        chat = Jid.parse(event.chat)
        if event.chat_alt is not None:
            await self._contacts.lids.learn(event.instance_id, [(chat, Jid.parse(event.chat_alt))])
        shown = await self._shown(event.instance_id, chat)
        who = await self._shown(event.instance_id, Jid.parse(event.participant))
        presence = {
            "participant": who["id"],
            "lastKnownPresence": _KNOWN.get(event.state, event.state),
            "lastSeen": event.last_seen,
            "lid": who["lid"],
        }
        payload: dict[str, Any] = {**shown, "presences": [presence]}
        return Event(
            instance_id=event.instance_id,
            name="presence.update",
            key=event.key,
            at=event.at,
            payload=payload,
            chat=str(chat),
        )

    async def _shown(self, instance_id: str, jid: Jid) -> dict[str, str | None]:
        """An address as callers know it: by the number where that is known, and the LID beside it."""
        number = await self._contacts.lids.number_of(instance_id, jid)
        lid = await self._contacts.lids.lid_of(instance_id, jid)
        return {"id": (number or jid).chat_id, "lid": None if lid is None else lid.chat_id}


def _is_person(text: str) -> bool:
    try:
        jid = Jid.parse(text)
    except ValueError:
        return False
    return jid.is_number or jid.is_lid
