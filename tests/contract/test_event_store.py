"""What every journal of events keeps to, on both databases."""

import asyncio
from typing import Any

import msgspec
import pytest
from tests.contract.test_outbox_store import NOW, accepted, ending

from waypost.clock import SystemClock
from waypost.events import Event, EventName
from waypost.instances.instance import Instance
from waypost.storage.database import Connection, Database
from waypost.storage.events import EventRows, FinishedEvents, SqlEvents
from waypost.storage.instances import SqlInstances
from waypost.storage.outbox import SqlOutboxStore
from waypost.testing.outbox_house import INSTANCE
from waypost.webhooks.journal import Entry


def rows(database: Database) -> EventRows:
    return EventRows(database.dialect, 60.0, lambda _: True)


@pytest.fixture
async def store(database: Database) -> SqlEvents:
    for name in (INSTANCE, "other"):
        await SqlInstances(database).add(
            Instance(id=name, name=name, phone="447700900001", network="sandbox", created_at=0.0)
        )
    return SqlEvents(database, rows(database), SystemClock())


def event(key: str, instance: str = INSTANCE, name: EventName = "message.any", **payload: Any) -> Event:
    return Event(instance_id=instance, name=name, key=key, at=NOW, payload=payload, chat="49")


async def all_of(store: SqlEvents, instance: str = INSTANCE, seq: int = 0) -> list[Entry]:
    return await store.after(instance, seq, await store.settled(), 100)


async def test_events_are_kept_in_the_order_in_which_they_were_told(store: SqlEvents) -> None:
    await store.put([event("a", body="é"), event("b"), event("c", "other")])
    await store.put([event("d")])
    found = await all_of(store)
    assert [json(one) for one in found] == [{"body": "é"}, {}, {}]
    assert [one.seq for one in found] == sorted({one.seq for one in found})
    assert len({one.id for one in found}) == 3
    assert [one.seq for one in await all_of(store, seq=found[0].seq)] == [one.seq for one in found[1:]]
    assert len(await all_of(store, "other")) == 1


def json(entry: Entry) -> Any:
    return msgspec.json.decode(entry.payload)


async def test_an_event_that_is_told_twice_is_kept_once_as_it_was_first(store: SqlEvents) -> None:
    await store.put([event("a", n=1)])
    await store.put([event("a", n=2), event("b", n=3), event("a", n=4)])
    assert [json(one) for one in await all_of(store)] == [{"n": 1}, {"n": 3}]


async def test_the_same_key_of_another_instance_is_another_event(store: SqlEvents) -> None:
    await store.put([event("a"), event("a", "other")])
    assert len(await all_of(store)) == len(await all_of(store, "other")) == 1


async def test_events_of_an_unknown_instance_are_left_out(store: SqlEvents) -> None:
    await store.put([event("a", "nobody"), event("b")])
    assert await all_of(store, "nobody") == []
    assert len(await all_of(store)) == 1


async def test_events_go_with_their_instance(store: SqlEvents, database: Database) -> None:
    await store.put([event("a"), event("a", "other")])
    await SqlInstances(database).delete(INSTANCE)
    assert await all_of(store) == []
    assert len(await all_of(store, "other")) == 1


async def test_old_events_are_forgotten_and_their_numbers_never_used_again(store: SqlEvents) -> None:
    await store.put([event("a"), event("b")])
    last = (await all_of(store))[-1].seq
    assert await store.forget(SystemClock().now() + 1, 10) == 2
    await store.put([event("c")])
    assert (await all_of(store))[0].seq > last


async def test_a_number_counts_as_settled_only_when_none_below_it_can_come_any_more(
    store: SqlEvents, database: Database
) -> None:
    """A reader that went past a number would never see what is committed below it later."""
    if not database.dialect.shared:
        pytest.skip("one connection writes")
    numbered, go_on = asyncio.Event(), asyncio.Event()
    loop = asyncio.get_running_loop()

    def slow(connection: Connection) -> None:
        rows(database).put(connection, [event("slow")], NOW)
        loop.call_soon_threadsafe(numbered.set)
        asyncio.run_coroutine_threadsafe(go_on.wait(), loop).result(20)

    async with asyncio.timeout(30):
        writing = asyncio.create_task(database.write(slow))
        await numbered.wait()
        await store.put([event("quick")])
        settling = asyncio.create_task(store.settled())
        done, _ = await asyncio.wait([settling], timeout=0.2)
        assert not done
        go_on.set()
        await writing
        found = await store.after(INSTANCE, 0, await settling, 10)
    assert len(found) == 2


async def test_a_request_ends_with_its_event_or_not_at_all(store: SqlEvents, database: Database) -> None:
    told: list[str] = []
    outbox = SqlOutboxStore(database, FinishedEvents(rows(database), told.extend))
    await outbox.begin()
    request = await accepted(outbox)
    assert await outbox.ended(request, [], ending())
    assert told == [INSTANCE]
    (found,) = await all_of(store)
    assert (found.name, json(found)["uuid"], json(found)["status"]) == (
        "queued_request.finished",
        "u1",
        "sent",
    )
    # Repeating it changes nothing; and an ending that was refused tells nothing.
    await outbox.ended(request, [], ending())
    stale = msgspec.structs.replace(request, epoch=request.epoch + 1)
    assert not await outbox.ended(stale, [], ending())
    assert len(await all_of(store)) == 1


async def test_an_ending_whose_event_can_not_be_stored_is_undone(
    store: SqlEvents, database: Database
) -> None:
    class Failing(FinishedEvents):
        def ended(self, *told: Any) -> None:
            super().ended(*told)
            raise RuntimeError

    outbox = SqlOutboxStore(database, Failing(rows(database), lambda _: None))
    await outbox.begin()
    request = await accepted(outbox)
    with pytest.raises(RuntimeError):
        await outbox.ended(request, [], ending())
    assert await all_of(store) == []
    assert (await outbox.get(INSTANCE, request.uuid)) == request
