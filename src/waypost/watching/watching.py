"""What a node tells of itself, put together once for the composition root.

Counting stands at the ports: each `Watched…` is the thing that it is made of, and counts what passes. So the
rooms that do the work know nothing of metrics and traces.
"""

import contextlib
import os
from collections.abc import AsyncIterator, Callable

from prometheus_client import CollectorRegistry

from waypost.clock import Clock
from waypost.config import Settings
from waypost.engine.port import EventSink
from waypost.engine.supervisor import Supervisor
from waypost.instances.neighbours import Neighbours
from waypost.instances.register import Register
from waypost.operations.resources import Converter
from waypost.outbox.outbox import Outbox
from waypost.outbox.port import Executor
from waypost.storage.database import Database
from waypost.storage.events import EventRows
from waypost.storage.outbox import EndListener
from waypost.telemetry import Log
from waypost.watching.awaited import Awaited
from waypost.watching.converter import WatchedConverter
from waypost.watching.counts import Counts
from waypost.watching.executor import WatchedExecutor
from waypost.watching.facts import Page
from waypost.watching.instance_facts import InstanceFacts
from waypost.watching.otel import tracer_of
from waypost.watching.process_facts import ProcessFacts
from waypost.watching.sink import WatchedSink
from waypost.watching.spans import Tracer
from waypost.watching.storage_facts import StorageFacts
from waypost.watching.stores import WatchedDeliveries, WatchedOutboxStore


class Watching:
    """Counts, traces and the page of metrics of one node."""

    def __init__(self, settings: Settings, tracer: Tracer, clock: Clock, log: Log) -> None:
        registry = CollectorRegistry()
        self.counts = Counts(registry)
        self.tracer = tracer
        self.page = Page(registry, log)
        self._settings = settings
        self._clock = clock
        self._awaited = Awaited(self.counts, tracer, settings.expires_seconds)
        self._started_at = clock.now()

    def executor(self, executor: Executor) -> Executor:
        """The same, watched."""
        return WatchedExecutor(executor, self.counts, self.tracer, self._awaited, self._clock)

    def converter(self, converter: Converter) -> Converter:
        """The same, watched."""
        return WatchedConverter(converter, self.counts, self._clock)

    def sink(self, sink: EventSink) -> EventSink:
        """The same, watched."""
        return WatchedSink(sink, self.counts)

    def requests(
        self, database: Database, listener: EndListener, on_untold: Callable[[], None]
    ) -> WatchedOutboxStore:
        """The store of requests."""
        return WatchedOutboxStore(database, listener, on_untold, self.counts, self._awaited)

    def deliveries(
        self, database: Database, rows: EventRows, clock: Clock, retry_seconds: float
    ) -> WatchedDeliveries:
        """The store of deliveries."""
        return WatchedDeliveries(database, rows, clock, retry_seconds, self.counts, self.tracer)

    def look_at(
        self,
        database: Database,
        register: Register,
        holds: Callable[[str], bool],
        outbox: Outbox,
        supervisor: Supervisor,
        workers: Callable[[], list[int]],
        neighbours: Neighbours | None,
    ) -> None:
        """Show these on the page."""
        stored = StorageFacts(database, self._settings.expires_seconds, self._settings.data, self._clock)
        instances = InstanceFacts(register, holds, outbox, neighbours)
        processes = ProcessFacts(supervisor, workers, self._started_at)
        self.page.add(
            stored.look, stored.health, stored.disk, instances.look, instances.lanes, processes.look
        )


@contextlib.asynccontextmanager
async def watching_of(settings: Settings, clock: Clock, log: Log) -> AsyncIterator[Watching]:
    """What a node tells of itself, with traces as OpenTelemetry's variables want them; at the end, what was
    not sent of them is. Raises ConfigError.
    """
    tracer = tracer_of(os.environ, log)
    try:
        yield Watching(settings, tracer, clock, log)
    finally:
        await tracer.close()
