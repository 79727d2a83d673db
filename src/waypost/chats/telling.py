"""Events on their way to whoever passes them on.

An event of a message with a file is told when the file is there or has failed for good, since most receivers
want the two together. Until then it keeps what comes behind it in its chat waiting, but for a minute at most:
a slow download must not make a chat silent. What waits is stored, so a crash loses none of it; what was told
just before one is told again, with the same key.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Final

import msgspec

from waypost.chats.publisher import Publisher
from waypost.chats.store import FileKey, HeldEvent, HeldStore, StoredFile
from waypost.clock import Clock
from waypost.errors import WaypostError
from waypost.events import Event
from waypost.telemetry import Log

_HOLD_SECONDS: Final = 60.0
_PAGE: Final = 200
# When another node may have held something, or a wake was missed.
_LOOK_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 1.0
_SOON_SECONDS: Final = 0.05

Shown = Callable[[StoredFile], dict[str, object]]


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event, and the file that it waits for."""

    event: Event
    file: FileKey | None = None


class Telling:
    """Publishes events in the order of their chats."""

    def __init__(
        self,
        held: HeldStore,
        publisher: Publisher,
        holds: Callable[[str], bool],
        shown: Shown,
        clock: Clock,
        log: Log,
    ) -> None:
        """`holds`: whether an instance is this node's; `shown` makes the `media` of a payload."""
        self._held = held
        self._publisher = publisher
        self._holds = holds
        self._shown = shown
        self._clock = clock
        self._log = log
        self._wake = asyncio.Event()

    async def tell(self, told: Sequence[Told]) -> None:
        """Publish events, or hold them durably; returning means that none is lost. Raises StorageError."""
        if not told:
            return
        waiting, files = await self._held.standing(
            {(one.event.instance_id, one.event.chat or "") for one in told},
            {one.file for one in told if one.file is not None},
        )
        now, at_once, later = self._clock.now(), list[Event](), list[HeldEvent]()
        for one in told:
            place = (one.event.instance_id, one.event.chat or "")
            file = None if one.file is None else files.get(one.file)
            if place in waiting or (one.file is not None and file is None):
                waiting.add(place)
                later.append(_held(one, now + _HOLD_SECONDS))
            else:
                at_once.append(one.event if file is None else self._with_file(one.event, file))
        if at_once:
            await self._publisher.publish(at_once)
        if later:
            await self._held.put(later)
            self._wake.set()

    def wake(self) -> None:
        """Some file is there, or has failed."""
        self._wake.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell what was held while the context lasts."""
        task = asyncio.create_task(self._run(), name="telling")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        while True:
            self._wake.clear()
            try:
                seconds = await self._round()
            except WaypostError as error:
                self._log.warning("events_not_told", code=error.code)
                seconds = _AGAIN_SECONDS
            except Exception:  # noqa: BLE001 - one event that can't be told must not end all
                self._log.exception("events_not_told")
                seconds = _AGAIN_SECONDS
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await self._wake.wait()

    async def _round(self) -> float:
        """Tell what can be told; returns for how long nothing new is expected by itself."""
        seq, now = 0, self._clock.now()
        while page := await self._held.ready(seq, now, _PAGE):
            # Not behind those that are removed: the database may give their numbers again.
            ours = [(held, file) for held, file in page if self._holds(held.instance_id)]
            seq = max((one[0].seq for one in page if one not in ours), default=seq)
            if ours:
                await self._publisher.publish([self._event(held, file) for held, file in ours])
                await self._held.remove([held.seq for held, _ in ours])
        until = await self._held.next_until(now)
        return _LOOK_SECONDS if until is None else min(_LOOK_SECONDS, max(until - now, _SOON_SECONDS))

    def _event(self, held: HeldEvent, file: StoredFile | None) -> Event:
        event = msgspec.json.decode(held.event, type=Event)
        return event if held.file is None else self._with_file(event, file)

    def _with_file(self, event: Event, file: StoredFile | None) -> Event:
        media = {"url": None, "error": "media_gone"} if file is None else self._shown(file)
        described = event.payload.get("media") or {}
        return msgspec.structs.replace(event, payload={**event.payload, "media": {**described, **media}})


def _held(told: Told, until: float) -> HeldEvent:
    event = told.event
    return HeldEvent(
        instance_id=event.instance_id,
        key=event.key,
        chat=event.chat or "",
        event=msgspec.json.encode(event),
        until=until,
        file=told.file,
    )
