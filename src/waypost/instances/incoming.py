"""What comes from the engine, brought to those who keep it. Everything may come twice after a crash."""

import contextlib
from collections.abc import Callable, Sequence
from typing import Protocol

from waypost.address import Jid
from waypost.engine.port import EngineEvent, MessageArrived, ReceiptArrived, StateChanged
from waypost.instances.account_events import AccountEvents
from waypost.instances.contacts import Contacts, Naming
from waypost.instances.register import Register
from waypost.instances.sessions import Sessions
from waypost.outbox.open_chats import OpenChat


class Outbox(Protocol):
    """Who keeps receipts, and what chats are open."""

    async def on_receipts(self, receipts: Sequence[ReceiptArrived]) -> None:
        """Keep them durably, each `key` once."""
        ...

    async def on_written(self, chats: Sequence[OpenChat]) -> None:
        """Keep durably that somebody has written in these chats."""
        ...


class Chats(Protocol):
    """Who keeps messages, and tells what happens in chats."""

    async def take(self, events: Sequence[EngineEvent]) -> None:
        """Keep and tell durably, each `key` once."""
        ...


class Incoming:
    """Implements the engine's EventSink."""

    def __init__(
        self,
        register: Register,
        sessions: Sessions,
        chats: Chats,
        outbox: Outbox,
        contacts: Contacts,
        accounts: AccountEvents,
        heard: Callable[[Sequence[EngineEvent]], None] = lambda _: None,
    ) -> None:
        """`heard` is told of events once they are kept."""
        self._register = register
        self._sessions = sessions
        self._chats = chats
        self._outbox = outbox
        self._contacts = contacts
        self._accounts = accounts
        self._heard = heard

    async def deliver(self, events: Sequence[EngineEvent]) -> None:
        """Store `events` durably, those of known instances; returning means committed."""
        known = [event for event in events if self._register.find(event.instance_id) is not None]
        receipts = [event for event in known if isinstance(event, ReceiptArrived)]
        messages = [event for event in known if isinstance(event, MessageArrived)]
        if receipts:
            await self._outbox.on_receipts(receipts)
        if messages:
            await self._meet(messages)
            await self._outbox.on_written([chat for event in messages for chat in _chats(event)])
        await self._chats.take(known)
        await self._accounts.take(known)
        self._heard(known)
        for event in known:
            if isinstance(event, StateChanged):
                await self._sessions.on_state(event)
                await self._meet_ourselves(event.instance_id)

    async def _meet_ourselves(self, instance_id: str) -> None:
        instance = self._register.find(instance_id)
        if instance is not None and instance.account is not None:
            own, lid = _address(instance.account.jid), _address(instance.account.lid)
            await self._contacts.lids.learn(instance_id, [(own, lid)])

    async def _meet(self, messages: Sequence[MessageArrived]) -> None:
        """Learn from messages who has written them: both addresses, and what they call themselves."""
        for event in messages:
            if event.from_me:
                continue
            sender, other = _address(event.sender), _address(event.sender_alt)
            await self._contacts.lids.learn(event.instance_id, [(sender, other)])
            if sender is not None and event.push_name:
                naming = Naming(jid=str(sender), pushname=event.push_name)
                await self._contacts.call(event.instance_id, [naming])


def _chats(event: MessageArrived) -> list[OpenChat]:
    """The chat of a message, by the number as well where the network names a person by both."""
    chat = _bare(event.chat)
    names = [chat]
    if not event.from_me and event.sender_alt and chat == _bare(event.sender):
        names.append(_bare(event.sender_alt))
    return [OpenChat(event.instance_id, name) for name in names]


def _address(jid: str | None) -> Jid | None:
    """A person's address; None for what is none."""
    with contextlib.suppress(ValueError):
        found = Jid.parse(jid or "").bare
        return found if found.is_number or found.is_lid else None
    return None


def _bare(jid: str) -> str:
    with contextlib.suppress(ValueError):
        return str(Jid.parse(jid).bare)
    return jid
