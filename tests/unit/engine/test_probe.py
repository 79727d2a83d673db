import sqlite3
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from pathlib import Path

import pytest

from waypost.engine.port import Mark, MaybeSent, NeverSent, Unknowable
from waypost.engine.probe import StoreProbe
from waypost.errors import STORE_NOT_WRITABLE, EngineError

SECRET = bytes(range(32))


@pytest.fixture
def database(tmp_path: Path) -> Path:
    """A store with the columns of whatsmeow's that matter here."""
    path = tmp_path / "session.db"
    with closing(sqlite3.connect(path)) as store:
        store.executescript("""
            PRAGMA journal_mode = WAL;
            CREATE TABLE whatsmeow_device (jid TEXT PRIMARY KEY, lid TEXT, push_name TEXT NOT NULL DEFAULT
            ''); CREATE TABLE whatsmeow_message_secrets (our_jid TEXT, chat_jid TEXT, sender_jid TEXT,
            message_id TEXT, key bytea); INSERT INTO whatsmeow_device VALUES ('49151:3@s.whatsapp.net',
            '77:3@lid', 'Shop');
        """)
    return path


@pytest.fixture
def open_probe() -> Iterator[Callable[..., StoreProbe]]:
    """Makes probes, and closes them: Python 3.13 tells of connections that nobody closed."""
    with ExitStack() as stack:

        def made(database: Path, **room: int) -> StoreProbe:
            return stack.enter_context(closing(StoreProbe(database, **room)))

        yield made


def test_a_store_says_who_it_belongs_to_and_keeps_its_generation(
    database: Path, open_probe: Callable[..., StoreProbe]
) -> None:
    first, second = open_probe(database).identity(), open_probe(database).identity()
    assert first is not None
    assert first == second
    assert (first.mark.device_jid, first.lid, first.push_name) == ("49151:3@s.whatsapp.net", "77@lid", "Shop")


def test_a_store_without_a_device_belongs_to_nobody(
    database: Path, open_probe: Callable[..., StoreProbe]
) -> None:
    with closing(sqlite3.connect(database)) as store, store:
        store.execute("DELETE FROM whatsmeow_device")
    assert open_probe(database).identity() is None


def test_a_row_tells_the_id_and_no_row_that_nothing_left(
    database: Path, open_probe: Callable[..., StoreProbe]
) -> None:
    probe = open_probe(database)
    identity = probe.identity()
    assert identity is not None
    probe.write(SECRET)
    assert probe.settle(SECRET, identity.mark) == NeverSent()
    with closing(sqlite3.connect(database)) as store, store:
        # The chat as a LID, whatever we called it.
        store.execute(
            "INSERT INTO whatsmeow_message_secrets VALUES ('us', '99@lid', 'us', '3EB0', ?)", (SECRET,)
        )
    assert probe.settle(SECRET, identity.mark) == MaybeSent(message_id="3EB0")


def test_another_device_or_generation_can_tell_nothing(
    database: Path, open_probe: Callable[..., StoreProbe]
) -> None:
    probe = open_probe(database)
    identity = probe.identity()
    assert identity is not None
    for mark in (
        Mark(device_jid="49151:4@s.whatsapp.net", generation=identity.mark.generation),
        Mark(device_jid=identity.mark.device_jid, generation="older"),
    ):
        assert isinstance(probe.settle(SECRET, mark), Unknowable)


def test_a_full_disk_stops_a_send_before_it_begins(
    database: Path, open_probe: Callable[..., StoreProbe]
) -> None:
    probe = open_probe(database)
    probe.write(SECRET)
    assert probe._connection is not None
    probe._connection.execute("PRAGMA max_page_count = 1")  # SQLite answers as on a full disk

    def fill() -> None:
        for _ in range(100):
            probe.write(bytes(5000))

    with pytest.raises(EngineError) as caught:
        fill()
    assert caught.value.fault is STORE_NOT_WRITABLE


def test_a_disk_that_is_nearly_full_stops_a_send_too(
    database: Path, open_probe: Callable[..., StoreProbe]
) -> None:
    with pytest.raises(EngineError) as caught:
        open_probe(database, room=1 << 62).write(SECRET)
    assert caught.value.fault is STORE_NOT_WRITABLE


def test_a_store_that_is_not_there_is_not_made(tmp_path: Path, open_probe: Callable[..., StoreProbe]) -> None:
    with pytest.raises(EngineError) as caught:
        open_probe(tmp_path / "session.db").write(SECRET)
    assert caught.value.fault is STORE_NOT_WRITABLE
    assert not (tmp_path / "session.db").exists()


def test_old_probe_rows_are_cleared_away(database: Path, open_probe: Callable[..., StoreProbe]) -> None:
    probe = open_probe(database)
    probe.write(SECRET)
    assert probe._connection is not None
    probe._connection.execute("INSERT INTO waypost_probe VALUES (29999, ?)", (SECRET,))
    probe.write(SECRET)
    assert probe._connection.execute("SELECT min(number) FROM waypost_probe").fetchone() == (29999,)
