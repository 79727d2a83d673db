"""The journal: every event of every instance, kept before anybody is told of it.

A webhook is owed an event from the transaction that stores the event. A live stream reads the journal from
where it was, so it can go on after any interruption.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

import msgspec

from waypost.events import Event
from waypost.origin import Origin, of_row


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """An event as it is kept. `seq` is its place in the journal, `id` its name, `payload` JSON; `request_id`
    and `traceparent` name the call that it came of.
    """

    seq: int
    id: str
    instance_id: str
    name: str
    at: float
    payload: msgspec.Raw
    chat: str | None = None
    request_id: str | None = None
    traceparent: str | None = None

    @property
    def origin(self) -> Origin | None:
        """The call that it came of."""
        return of_row(self.request_id, self.traceparent)


class EventStore(Protocol):
    """Where events are kept. Everything raises StorageError."""

    async def put(self, events: Sequence[Event]) -> None:
        """Keep events in this order, each key of an instance once, those of unknown instances not at all,
        with what each webhook is owed of them.
        """
        ...

    async def settled(self) -> int:
        """The largest `seq` such that nothing will be stored below it any more."""
        ...

    async def after(self, instance_id: str, seq: int, until: int, limit: int) -> list[Entry]:
        """The instance's events after `seq` up to `until`, in order, at most `limit`."""
        ...

    async def forget(self, before: float, limit: int) -> int:
        """Remove events stored before that time, with their deliveries; how many, at most `limit`."""
        ...


class Journal:
    """Where what happens is told. Who reads it is woken; nothing is kept in memory."""

    def __init__(self, store: EventStore) -> None:
        self._store = store
        self._readers: list[Callable[[str], Any]] = []

    def on_news(self, reader: Callable[[str], Any]) -> None:
        """Call `reader` with the id of an instance of which there may be new events, in the event loop."""
        self._readers.append(reader)

    async def publish(self, events: Sequence[Event]) -> None:
        """Keep events; returns when they are durable. An event that is told twice is kept once.

        Raises StorageError: then none was kept, and all may be told again.
        """
        if events:
            await self._store.put(events)
            self.told(event.instance_id for event in events)

    def told(self, instance_ids: Iterable[str]) -> None:
        """Events of these instances were stored."""
        for instance_id in dict.fromkeys(instance_ids):
            for reader in self._readers:
                reader(instance_id)
