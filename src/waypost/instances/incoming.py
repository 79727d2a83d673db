"""What comes from the engine, brought to those who keep it. Everything may come twice after a crash."""

import contextlib
from collections.abc import Sequence
from typing import Protocol

from waypost.address import Jid
from waypost.engine.port import EngineEvent, MessageArrived, ReceiptArrived, StateChanged
from waypost.instances.messages import Message, MessageStore
from waypost.instances.register import Register
from waypost.instances.sessions import Sessions


class ReceiptTaker(Protocol):
    """Who keeps receipts."""

    async def on_receipts(self, receipts: Sequence[ReceiptArrived]) -> None:
        """Keep them durably, each `key` once."""
        ...


class Incoming:
    """Implements the engine's EventSink."""

    def __init__(
        self, register: Register, sessions: Sessions, messages: MessageStore, receipts: ReceiptTaker
    ) -> None:
        self._register = register
        self._sessions = sessions
        self._messages = messages
        self._receipts = receipts

    async def deliver(self, events: Sequence[EngineEvent]) -> None:
        """Store `events` durably, those of known instances; returning means committed."""
        known = [event for event in events if self._register.find(event.instance_id) is not None]
        receipts = [event for event in known if isinstance(event, ReceiptArrived)]
        messages = [event for event in known if isinstance(event, MessageArrived)]
        if receipts:
            await self._receipts.on_receipts(receipts)
        if messages:
            await self._messages.put([_message(event) for event in messages])
        for event in known:
            if isinstance(event, StateChanged):
                await self._sessions.on_state(event)


def _message(event: MessageArrived) -> Message:
    return Message(
        instance_id=event.instance_id,
        message_id=event.message_id,
        chat=_bare(event.chat),
        sender=_bare(event.sender),
        from_me=event.from_me,
        timestamp=event.timestamp,
        content=event.content,
    )


def _bare(jid: str) -> str:
    with contextlib.suppress(ValueError):
        return str(Jid.parse(jid).bare)
    return jid
