"""Calls that somebody begins: told, and declined where the instance wants that."""

import asyncio
from collections.abc import Callable
from typing import Final, Protocol

from waypost.address import Jid
from waypost.chats import payloads
from waypost.chats.directory import Directory, jid_of
from waypost.clock import Clock
from waypost.engine.port import CallOffered, Session
from waypost.errors import WaypostError
from waypost.events import Event
from waypost.instances.instance import Instance
from waypost.telemetry import Log

# A call that was offered longer ago (it lay in the spool) has stopped ringing.
_RINGS_SECONDS: Final = 60.0
# Whoever calls again and again is told once in so long why nobody answers: each text is a message of ours.
_TOLD_SECONDS: Final = 3600.0


class Sender(Protocol):
    """Who sends a text."""

    async def send(self, instance_id: str, chat: Jid, text: str, key: str) -> None:
        """Accept the text durably; the same `key` again sends nothing."""
        ...


class Calls:
    """Tells of calls, and declines them."""

    def __init__(
        self,
        directory: Directory,
        find: Callable[[str], Instance | None],
        session_of: Callable[[str], Session | None],
        sender: Callable[[], Sender],
        clock: Clock,
        log: Log,
    ) -> None:
        """`sender` is asked for when it is first needed."""
        self._directory = directory
        self._find = find
        self._session_of = session_of
        self._sender = sender
        self._clock = clock
        self._log = log
        self._declining: set[asyncio.Task[None]] = set()

    async def offered(self, call: CallOffered) -> Event:
        """The event of a call, which is declined beside."""
        instance = self._find(call.instance_id)
        choice = None if instance is None else instance.overrides.calls
        declined = choice is not None and choice.reject and call.group is None
        if call.caller_alt is not None:
            await self._directory.learn(call.instance_id, (call.caller, call.caller_alt))
        caller = await self._directory.party(call.instance_id, call.caller)
        if choice is not None and declined:
            await self._answer(call, caller, choice.text)
        group = None if call.group is None else await self._directory.party(call.instance_id, call.group)
        payload = payloads.call_offer(
            call.call_id, caller, group, call.timestamp, video=call.video, rejected=declined
        )
        return Event(
            instance_id=call.instance_id,
            name="call.offer",
            key=call.key,
            at=call.at,
            payload=payload,
            chat=str(caller.number or caller.lid or call.caller),
        )

    async def _answer(self, call: CallOffered, caller: payloads.Party, text: str | None) -> None:
        if self._clock.now() - call.at < _RINGS_SECONDS:
            task = asyncio.create_task(self._decline(call))
            self._declining.add(task)
            task.add_done_callback(self._declining.discard)
        chat = caller.number or caller.lid or jid_of(call.caller)
        if text and chat is not None:
            try:
                key = f"call:{chat}:{int(call.at // _TOLD_SECONDS)}"
                await self._sender().send(call.instance_id, chat, text, key)
            except WaypostError as error:
                self._log.warning("call_not_answered", instance=call.instance_id, code=error.code)

    async def _decline(self, call: CallOffered) -> None:
        session = self._session_of(call.instance_id)
        if session is None:
            return
        try:
            await session.reject_call(call.caller, call.call_id)
        except WaypostError as error:
            self._log.warning("call_not_declined", instance=call.instance_id, code=error.code)
