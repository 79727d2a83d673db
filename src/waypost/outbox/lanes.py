import asyncio
from collections.abc import Callable, Coroutine, Iterable, Iterator
from typing import Any

import msgspec

from waypost.clock import Clock
from waypost.outbox.aliases import Aliases
from waypost.outbox.crew import Crew
from waypost.outbox.depths import Depths
from waypost.outbox.entry import Entry, Phase
from waypost.outbox.failures import waits_for
from waypost.outbox.lane import Lane
from waypost.outbox.port import Executor, Waiting
from waypost.outbox.request import Request, RequestState
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.slots import Slots
from waypost.outbox.store import Alias


class Lanes:
    """The lanes of all instances, and the names of their chats."""

    def __init__(
        self,
        executor: Executor,
        crew_of: Callable[[str], Crew],
        settings: OutboxSettings,
        clock: Clock,
        depths: Depths,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        """`crew_of` makes the crew of an instance's lane."""
        self._executor = executor
        self._crew_of = crew_of
        self._settings = settings
        self._clock = clock
        self._depths = depths
        self._spawn = spawn
        self._slots = Slots(settings.prepares, settings.prepares_of_instance)
        self._lanes: dict[str, Lane] = {}
        self._aliases = Aliases()

    def __iter__(self) -> Iterator[Lane]:
        return iter(list(self._lanes.values()))

    def find(self, instance_id: str) -> Lane | None:
        """The instance's lane, once it has had a request."""
        return self._lanes.get(instance_id)

    def open(self, instance_id: str) -> Lane:
        """The instance's lane, which is made where it is missing."""
        lane = self._lanes.get(instance_id)
        if lane is None:
            lane = self._lanes[instance_id] = self._make(instance_id)
        return lane

    def know(self, aliases: Iterable[Alias]) -> None:
        """Begin with these names of chats."""
        self._aliases.know(aliases)

    def canonical(self, instance_id: str, chat_key: str) -> str:
        """The key that requests of a chat are ordered by."""
        return self._aliases.canonical(instance_id, chat_key)

    def merge(self, instance_id: str, old: str, new: str) -> None:
        """The chats `old` and `new` are one."""
        self._aliases.learn(instance_id, old, new)
        lane = self._lanes.get(instance_id)
        if lane is not None:
            lane.merge(old, new)

    def add(self, entry: Entry) -> Lane:
        """Put a request that was stored just now into its instance's lane."""
        lane = self.open(entry.request.instance_id)
        lane.add(entry)
        return lane

    def drop(self, instance_id: str) -> list[Entry]:
        """Stop an instance's lane at once and hand over what was in it."""
        lane = self.detach(instance_id)
        return [] if lane is None else lane.clear()

    def detach(self, instance_id: str) -> Lane | None:
        """Begin nothing of an instance any more; its lane, where sends may still run."""
        self._aliases.forget(instance_id)
        lane = self._lanes.pop(instance_id, None)
        if lane is not None:
            lane.stop()
        return lane

    def is_in_memory(self, request: Request) -> bool:
        """Whether a request is in its lane's memory."""
        lane = self._lanes.get(request.instance_id)
        return lane is not None and lane.find(request.uuid) is not None

    def live(self, request: Request) -> Request:
        """`request` as it was stored, with what only this process knows of it."""
        lane = self._lanes.get(request.instance_id)
        entry = None if lane is None else lane.find(request.uuid)
        if lane is None or request.state.finished:
            return request
        waiting: Waiting | None
        if entry is None:
            waiting = self._waiting_outside(request)
        else:
            waiting = self._waiting_for(lane, entry)
            if entry.phase is Phase.PREPARING and request.state is RequestState.QUEUED:
                request = msgspec.structs.replace(request, state=RequestState.PREPARING)
        until = request.next_attempt_at if waiting is None or waiting.until is None else waiting.until
        code = None if waiting is None else waiting.code
        return msgspec.structs.replace(request, waiting_for=code, next_attempt_at=until)

    def _waiting_outside(self, request: Request) -> Waiting:
        """Why a request is not even in memory."""
        if not self._executor.ready(request.instance_id):
            return self._executor.waiting_for(request.instance_id) or Waiting("connection")
        later = request.next_attempt_at is not None and request.next_attempt_at > self._clock.now()
        return Waiting(waits_for(request.failure) if later else "older_request")

    def _waiting_for(self, lane: Lane, entry: Entry) -> Waiting | None:
        if entry.phase is Phase.RECEIPT:
            return Waiting("receipt")
        if entry.shows is not None:
            return entry.shows
        if entry.phase not in (Phase.TO_PREPARE, Phase.TO_STAGE, Phase.TO_SEND):
            return None
        instance_id = entry.request.instance_id
        if not self._executor.ready(instance_id):
            return self._executor.waiting_for(instance_id) or Waiting("connection")
        if entry.not_before > self._clock.now():
            # The row may have been read before that was stored.
            return Waiting(waits_for(entry.request.failure), until=entry.request.next_attempt_at)
        return None if lane.is_first(entry) else Waiting("older_request")

    def _make(self, instance_id: str) -> Lane:
        crew = self._crew_of(instance_id)

        def gone() -> None:
            self._depths.ended(instance_id, self._clock.monotonic())

        return Lane(instance_id, crew, self._slots, self._settings, self._clock, self._spawn, gone)
