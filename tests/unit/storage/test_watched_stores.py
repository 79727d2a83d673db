"""What the watched stores count of what no lane ends."""

from pathlib import Path

from prometheus_client import CollectorRegistry
from tests.contract.test_outbox_store import accepted, ending

from waypost.outbox.request import Failure, Request, RequestState
from waypost.outbox.store import Ending
from waypost.storage.database import Connection
from waypost.storage.sqlite.database import opened
from waypost.watching.awaited import Awaited
from waypost.watching.counts import Counts
from waypost.watching.spans import NoTracer
from waypost.watching.stores import WatchedOutboxStore


class Nobody:
    """Implements `storage.outbox.EndListener`."""

    def ended(self, connection: Connection, request: Request, ending: Ending) -> None:
        pass

    def committed(self, instance_id: str) -> None:
        pass


async def test_requests_of_an_instance_that_is_gone_are_counted_as_ended(tmp_path: Path) -> None:
    registry = CollectorRegistry()
    counts = Counts(registry)
    async with opened(tmp_path / "waypost.db") as database:
        awaited = Awaited(counts, NoTracer(), 100.0)
        store = WatchedOutboxStore(database, Nobody(), lambda: None, counts, awaited)
        await store.begin()
        for uuid in ("one", "two"):
            await accepted(store, uuid)
        gone = Failure(code="instance_deleted", message="", retryable=False)
        assert await store.end_deserted(ending(RequestState.CANCELLED, failure=gone), 10) == 2
    labels = {"operation": "", "state": "cancelled", "code": "instance_deleted"}
    assert registry.get_sample_value("waypost_requests_ended_total", labels) == 2
