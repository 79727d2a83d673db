"""What the whole database holds, counted on either."""

import msgspec
import pytest

from waypost.events import Event
from waypost.instances.instance import Instance
from waypost.outbox.request import Acceptance, Failure, Request, RequestState
from waypost.outbox.store import Ending, NewRequest
from waypost.storage.database import Database
from waypost.storage.deliveries import SqlDeliveries
from waypost.storage.events import EventRows, SqlEvents
from waypost.storage.figures import DeliveryFigures, QueueFigure, SqlFigures
from waypost.storage.instances import SqlInstances
from waypost.storage.outbox import SqlOutboxStore
from waypost.storage.webhooks import SqlWebhooks
from waypost.testing.clock import FakeClock
from waypost.webhooks.delivery import Attempt
from waypost.webhooks.webhook import Webhook

EXPIRES = 100.0
INSTANCE = Instance(id="i", name="shop", phone="1", network="sandbox", created_at=0.0)
FAILURE = Failure(code="rate_limited", message="", retryable=True)


async def accepted(store: SqlOutboxStore, uuid: str, at: float) -> Request:
    call = Acceptance(
        instance_id="i", operation="send-text", chat_key=uuid, request=b"{}", payload=b"{}", payload_version=1
    )
    await store.accept(
        NewRequest(
            acceptance=call, epoch=0, uuid=uuid, created_at=at, expires_at=at + EXPIRES, duplicates_since=0.0
        )
    )
    request = await store.get("i", uuid)
    assert request is not None
    return request


def ended(at: float) -> Ending:
    return Ending(
        state=RequestState.FAILED, status=500, body=b"", failure=FAILURE, at=at, keep_blobs_until=at
    )


async def test_requests_are_counted_by_state_and_by_whether_they_were_told_to_wait(
    database: Database,
) -> None:
    store, figures = SqlOutboxStore(database), SqlFigures(database)
    assert await figures.queue(50.0, EXPIRES) == []
    await accepted(store, "u1", 10.0)
    waits, prepared, done = [await accepted(store, uuid, 20.0) for uuid in ("u2", "u3", "u4")]
    later = msgspec.structs.replace(waits, attempts=1, next_attempt_at=60.0, failure=FAILURE)
    assert await store.postponed(later, None)
    assert await store.prepared(msgspec.structs.replace(prepared, prepared=b"{}"))
    assert await store.ended(done, [], ended(30.0))
    # What is tried again has begun anew.
    again = await accepted(store, "u5", 1.0)
    assert await store.ended(again, [], ended(2.0))
    assert await store.retry("i", "u5", 40.0 + EXPIRES, 0) is not None
    found = await figures.queue(50.0, EXPIRES)
    assert sorted(found, key=lambda one: (one.state, one.held)) == [
        QueueFigure("preparing", False, 1, 20.0),
        QueueFigure("queued", False, 2, 10.0),
        QueueFigure("queued", True, 1, 20.0),
    ]
    # Its time has come, though nobody has looked at it yet.
    assert {(one.state, one.held, one.count) for one in await figures.queue(60.0, EXPIRES)} == {
        ("preparing", False, 1),
        ("queued", False, 3),
    }
    assert await store.ended(await _now(store, "u1"), [], ended(70.0))
    oldest = [one.oldest for one in await figures.queue(80.0, EXPIRES) if one.state == "queued"]
    assert oldest == [pytest.approx(20.0)]


async def _now(store: SqlOutboxStore, uuid: str) -> Request:
    request = await store.get("i", uuid)
    assert request is not None
    return request


async def test_deliveries_are_counted_with_the_age_of_the_oldest_that_is_pending(database: Database) -> None:
    figures, clock = SqlFigures(database), FakeClock()
    assert await figures.deliveries() == DeliveryFigures(0, 0, None)
    await SqlInstances(database).add(INSTANCE)
    hook = Webhook(
        id="w",
        instance_id="i",
        url="http://127.0.0.1:9",
        events=("message.any",),
        secret="s",
        signing_secret="whsec_c2VjcmV0",
        user_id="u",
        created_at=0.0,
    )
    assert await SqlWebhooks(database).add(hook, 5)
    rows = EventRows(database.dialect, 60.0, lambda _: True)
    events, deliveries = SqlEvents(database, rows, clock), SqlDeliveries(database, rows, clock, 60.0)
    began = clock.now()
    for number in range(3):
        event = Event(instance_id="i", name="message.any", key=f"{number}", at=0.0, payload={}, chat="c")
        await events.put([event])
        clock.advance(10.0)
    assert await figures.deliveries() == DeliveryFigures(3, 0, began)
    first, second, _ = await deliveries.upcoming("w", [], 9)
    attempt = Attempt(at=clock.now(), ms=1, status=200, error=None, headers={})
    await deliveries.delivered(first, attempt)
    await deliveries.given_up(second, msgspec.structs.replace(attempt, status=500), 0.0)
    assert await figures.deliveries() == DeliveryFigures(1, 1, began + 20.0)
