"""Keeps one instance's session connected: finds it a process, follows its events, brings it back."""

import asyncio
import contextlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from waypost.clock import Clock
from waypost.engine import wire
from waypost.engine.delivery import Delivery
from waypost.engine.fleet import Fleet
from waypost.engine.left_behind import end_left_behind
from waypost.engine.port import EngineEvent, EventSink, Sent, SessionState, StateChanged
from waypost.engine.process import EngineProcess
from waypost.engine.remote_session import RemoteSession
from waypost.engine.settings import EngineSettings
from waypost.engine.spool import SpoolReader
from waypost.engine.store import SessionStore
from waypost.engine.store_folder import StoreFolder
from waypost.errors import ENGINE_DIED, EngineError

_START_RETRY_S: Final = 15.0  # when no engine process can be started at all
_BROKEN_RETRY_S: Final = 2.0
_DAY_S: Final = 86400.0

# States that the server gives no way back from; `replaced` and `outdated` would only come again.
_FINAL: Final = ("logged_out", "replaced", "outdated")
_ENDING: Final = (*_FINAL, "banned", "failed")


@dataclass(frozen=True, slots=True)
class House:
    """What keepers share."""

    settings: EngineSettings
    sink: EventSink
    clock: Clock
    log: FilteringBoundLogger


class Keeper:
    """One instance from `open` to `close`. `session` is there while it is connected."""

    def __init__(
        self, instance_id: str, store: SessionStore, folder: StoreFolder, fleet: Fleet, house: House
    ) -> None:
        self.session: RemoteSession | None = None
        self.over = False  # the server has ended the session for good, or `close` was called
        self._instance_id = instance_id
        self._store = store
        self._folder = folder
        self._fleet = fleet
        self._house = house
        self._log = house.log.bind(instance=instance_id)
        self._reader = SpoolReader(folder.spool)
        self._probe = store.probe()
        self._delivery = Delivery(house.sink, self._log)
        self._under_way: dict[bytes, asyncio.Task[Sent]] = {}
        self._process: EngineProcess | None = None
        self._left = True  # the process has the session no more
        self._slow = False  # its last start was: it is placed alone until it has connected
        self._grown = asyncio.Event()
        self._closing = asyncio.Event()

    def grown(self) -> None:
        """The spool has new events."""
        self._grown.set()

    def slow(self) -> None:
        """The session takes so long to start that others can't be in its process."""
        self._slow = True

    async def run(self) -> None:
        """Keep the session until `close`, or until the server has ended it for good."""
        try:
            await asyncio.to_thread(end_left_behind, self._folder)
            await self._drain()
            while not self._closing.is_set():
                try:
                    wait = await self._one_life()
                except Exception:  # noqa: BLE001 - an instance must not stay away for a reason that may pass
                    self._log.exception("session_broken")
                    wait = _BROKEN_RETRY_S
                if wait is None:
                    return
                with contextlib.suppress(TimeoutError):
                    await asyncio.wait_for(self._closing.wait(), wait)
        finally:
            self.session = None
            await self._probe.close()

    def close(self) -> None:
        """Ask `run` to disconnect and end."""
        self.over = True
        self._closing.set()

    async def connected(self, within: float) -> None:
        """Wait until there is a session. Raises TimeoutError."""
        async with asyncio.timeout(within):
            while self.session is None and not self.over:  # noqa: ASYNC110 - rare, and short
                await asyncio.sleep(0.05)

    async def logout(self) -> None:
        """Unlink at the server; raises EngineError when that is not possible now."""
        if self.session is None or self._process is None:
            return
        await self._process.call(
            lambda call: wire.LogoutSession(call=call, session=self._instance_id),
            type(None),
            self._house.settings.call_within,
        )

    async def _one_life(self) -> float | None:
        """From a place in a process until that ends; returns the seconds to wait before the next, None for
        never."""
        await self._tell("starting", "")
        try:
            process = self._process = await self._fleet.place(self._instance_id, self._slow)
        except EngineError as error:
            await self._tell("failed", error.code)
            return _START_RETRY_S
        self._left = False
        try:
            return await self._live_in(process)
        finally:
            self.session = None
            self._process = None
            if not self._left:
                await process.kill()  # it may still have the session open
            await self._fleet.leave(process, self._instance_id)

    async def _live_in(self, process: EngineProcess) -> float | None:
        settings = self._house.settings
        try:
            await process.call(
                lambda call: wire.OpenSession(
                    call=call,
                    session=self._instance_id,
                    folder=str(self._folder.root),
                    store=self._store.name,
                ),
                type(None),
                settings.start_within,
            )
        except (EngineError, TimeoutError) as error:
            code = error.code if isinstance(error, EngineError) else ENGINE_DIED.code
            self._left = isinstance(error, EngineError)
            await self._tell("disconnected", code)
            return 0.5
        last = await self._follow(process)
        if process.retired:
            self.session = None
            await process.dead()
            self._left = True
            await self._drain()
            await self._tell("disconnected", ENGINE_DIED.code)
            return 0.0
        if self.session is not None:
            session, self.session = self.session, None
            # Acks that come when the instance is no longer ours are of no use, and its next holder waits.
            await session.drain(settings.ack_within if self._store.held else 0.0)
        await self._leave(process)
        if last is None:
            await self._tell("disconnected", "closed")
            return None
        return await self._after(last)

    async def _follow(self, process: EngineProcess) -> StateChanged | None:
        """Deliver events until the process dies or retires, `close` is called, or a state ends the connection
        (which is returned)."""
        ends = [asyncio.create_task(process.over()), asyncio.create_task(self._closing.wait())]
        try:
            while not any(end.done() for end in ends):
                ended = await self._drain(process)
                if ended is not None:
                    return ended
                grown = asyncio.create_task(self._grown.wait())
                await asyncio.wait([grown, *ends], return_when=asyncio.FIRST_COMPLETED)
                grown.cancel()
            return None
        finally:
            for end in ends:
                end.cancel()

    async def _leave(self, process: EngineProcess) -> None:
        """Close the session where it is; a process that can't is ended, and its other sessions come back
        elsewhere."""
        self.session = None
        try:
            await process.call(
                lambda call: wire.CloseSession(call=call, session=self._instance_id),
                type(None),
                self._house.settings.call_within,
            )
        except (EngineError, TimeoutError):
            await process.retire()
        self._left = True
        await self._drain()

    async def _after(self, last: StateChanged) -> float | None:
        now = self._house.clock.now()
        match last.state:
            case "logged_out":
                await self._probe.close()
                await self._store.discard()  # whatsmeow has emptied it
                return None
            case "banned":
                return min(
                    max((last.until or now) - now, self._house.settings.reconnect_failed_after), _DAY_S
                )
            case "failed":
                return self._house.settings.reconnect_failed_after
            case _:
                return None

    async def _drain(self, process: EngineProcess | None = None) -> StateChanged | None:
        """Deliver what is in the spool and forget it; with `process`, events are its own and change
        `session`."""
        while True:
            self._grown.clear()
            batch = await asyncio.to_thread(self._reader.read)
            if batch.damaged:
                self._log.warning("spool_damaged", segments=batch.damaged)
            if not batch.payloads:
                return None
            events = [await self._completed(event) for event in self._delivery.decoded(batch.payloads)]
            if process is not None and any(_is_final(event) for event in events):
                self.over = True
            # Before the sink hears of a connection there is a session to use it by.
            ended = await self._note(events, process)
            await self._delivery.deliver(events)
            await asyncio.to_thread(self._reader.ack, batch)
            if ended is not None:
                return ended

    async def _tell(self, state: SessionState, reason: str) -> None:
        """A state that the gateway itself has found out."""
        at = self._house.clock.now()
        await self._delivery.deliver(
            [StateChanged(instance_id=self._instance_id, at=at, state=state, reason=reason)]
        )

    async def _completed(self, event: EngineEvent) -> EngineEvent:
        """A session that is connected says who it is; the library's event does not, but its store does."""
        if not isinstance(event, StateChanged) or event.state != "connected":
            return event
        identity = await self._probe.identity()
        if identity is None:
            return event
        jid = identity.mark.device_jid
        return msgspec.structs.replace(event, jid=jid, lid=identity.lid, push_name=identity.push_name)

    async def _note(
        self, events: Sequence[EngineEvent], process: EngineProcess | None
    ) -> StateChanged | None:
        states = [event for event in events if isinstance(event, StateChanged)]
        if process is None or not states:
            return None
        last = states[-1]
        if last.state in _ENDING:
            self.session = None
            return last
        self.session = await self._session(process) if last.state == "connected" else None
        self._slow = self._slow and self.session is None
        return None

    async def _session(self, process: EngineProcess) -> RemoteSession | None:
        identity = await self._probe.identity()
        if identity is None:
            return None
        house = self._house
        return RemoteSession(
            self._instance_id,
            process,
            self._probe,
            identity.mark,
            house.settings,
            self._under_way,
        )


def _is_final(event: EngineEvent) -> bool:
    return isinstance(event, StateChanged) and event.state in _FINAL
