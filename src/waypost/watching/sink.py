from collections.abc import Sequence

from waypost.engine.port import EngineEvent, EventSink, StateChanged
from waypost.watching import table
from waypost.watching.counts import Counts


class WatchedSink:
    """Implements `engine.port.EventSink`: another one, whose events are counted once they are kept."""

    def __init__(self, sink: EventSink, counts: Counts) -> None:
        self._sink = sink
        self._counts = counts

    async def deliver(self, events: Sequence[EngineEvent]) -> None:
        """Pass them on."""
        await self._sink.deliver(events)
        for event in events:
            self._counts.add(table.ARRIVALS, type(event).__name__)
            if isinstance(event, StateChanged):
                self._counts.add(table.SESSION_STATES, event.state)
