"""When events are told that wait for a file, and those behind them; through crashes."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest

from waypost.chats.store import FileKey, StoredFile
from waypost.chats.telling import Telling, Told
from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.events import Event
from waypost.instances.instance import Instance
from waypost.storage.chats import SqlChats
from waypost.storage.database import Database
from waypost.storage.held_events import SqlHeldEvents
from waypost.storage.instances import SqlInstances
from waypost.storage.media import SqlMedia
from waypost.storage.sqlite.database import opened
from waypost.telemetry import make_log
from waypost.testing.clock import FakeClock
from waypost.testing.gateway_stage import until

FILE = FileKey("shop", "A", "them")


class Published:
    """Keeps each key once, in order; fails while it is told to."""

    def __init__(self) -> None:
        self.events: dict[str, Event] = {}
        self.broken = False

    async def publish(self, events: Sequence[Event]) -> None:
        if self.broken:
            raise StorageError(STORAGE_UNAVAILABLE)
        for event in events:
            self.events.setdefault(event.key, event)


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[Database]:
    async with opened(tmp_path / "waypost.db") as found:
        await SqlInstances(found).add(
            Instance(id="shop", name="shop", phone="1", network="sandbox", created_at=0.0)
        )
        wanted = StoredFile(key=FILE, state="wanted", mimetype="image/png")
        await SqlChats(found).keep([], [wanted], 0.0)
        yield found


def telling(database: Database, published: Published, clock: FakeClock) -> Telling:
    return Telling(
        SqlHeldEvents(database),
        published,
        lambda _: True,
        lambda file: {"url": file.blob_id, "error": file.error},
        clock,
        make_log("error", "text"),
    )


def event(key: str, chat: str = "them") -> Event:
    payload = {"media": {"url": None, "seconds": 3}} if key == "voice" else {}
    return Event(instance_id="shop", name="message.any", key=key, at=0.0, payload=payload, chat=chat)


async def count_held(database: Database) -> int:
    rows = await database.read(lambda c: c.execute("SELECT count(*) FROM held_events").fetchall())
    return int(rows[0][0])


ALL = [
    Told(event=event("before")),
    Told(event=event("voice"), file=FILE),
    Told(event=event("behind")),
    Told(event=event("elsewhere", "another")),
]


async def test_what_is_behind_a_file_waits_for_it_and_other_chats_do_not(database: Database) -> None:
    published, clock = Published(), FakeClock()
    here = telling(database, published, clock)
    async with here.running():
        await here.tell(ALL)
        assert list(published.events) == ["before", "elsewhere"]
        await here.tell([Told(event=event("later"))])
        assert "later" not in published.events
        await SqlMedia(database).there(FILE, "blob", 3)
        here.wake()

        async def told() -> list[str]:
            return list(published.events)

        await until(told, lambda keys: keys == ["before", "elsewhere", "voice", "behind", "later"])
        media = published.events["voice"].payload["media"]
        assert media == {"url": "blob", "error": None, "seconds": 3}
        await until(lambda: count_held(database), lambda count: count == 0)


async def test_a_file_that_is_there_holds_nothing_up_and_costs_no_row(database: Database) -> None:
    """As those are that left with messages of ours."""
    published = Published()
    await SqlMedia(database).there(FILE, "blob", 3)
    await telling(database, published, FakeClock()).tell(ALL)
    assert list(published.events) == ["before", "voice", "behind", "elsewhere"]
    media = published.events["voice"].payload["media"]
    assert media == {"url": "blob", "error": None, "seconds": 3}
    assert await count_held(database) == 0


async def test_after_a_minute_a_slow_file_holds_nothing_up_but_its_own_event(database: Database) -> None:
    published, clock = Published(), FakeClock()
    here = telling(database, published, clock)
    async with here.running():
        await here.tell(ALL)
        clock.advance(61)
        here.wake()

        async def told() -> set[str]:
            return set(published.events)

        await until(told, lambda keys: keys == {"before", "elsewhere", "behind"})
        await SqlMedia(database).failed(FILE, "media_gone")
        here.wake()
        await until(told, lambda keys: "voice" in keys)
        assert published.events["voice"].payload["media"]["error"] == "media_gone"


async def test_what_was_held_is_told_by_the_next_process_and_what_comes_again_is_told_once(
    database: Database,
) -> None:
    published, clock = Published(), FakeClock()
    await telling(database, published, clock).tell(ALL)
    await SqlMedia(database).there(FILE, "blob", 3)
    here = telling(database, published, clock)
    await here.tell(ALL)
    async with here.running():

        async def told() -> list[str]:
            return list(published.events)

        await until(told, lambda keys: keys == ["before", "elsewhere", "voice", "behind"])


async def test_nothing_held_is_lost_while_it_can_not_be_published(database: Database) -> None:
    published, clock = Published(), FakeClock()
    here = telling(database, published, clock)
    await here.tell(ALL)
    await SqlMedia(database).there(FILE, "blob", 3)
    published.broken = True
    with pytest.raises(StorageError):
        await here.tell([Told(event=event("refused", "another"))])
    async with here.running():

        async def held() -> int:
            return await count_held(database)

        assert await held() == 2
        published.broken = False
        here.wake()
        await until(held, lambda count: count == 0)
    assert list(published.events) == ["before", "elsewhere", "voice", "behind"]
