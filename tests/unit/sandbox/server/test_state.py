import asyncio
import sqlite3
from pathlib import Path

import pytest

from waypost.errors import SandboxError, StorageError
from waypost.sandbox.server import start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.state import parties, queue
from waypost.sandbox.state.store import Store
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.frames import MAX_FRAME


def _setting(rows: sqlite3.Connection, name: str) -> None:
    rows.execute("INSERT INTO setting VALUES (?, x'00')", (name,))


def _names(rows: sqlite3.Connection) -> list[str]:
    return [row[0] for row in rows.execute("SELECT name FROM setting ORDER BY name")]


async def test_a_call_that_fails_undoes_its_own_statements_only(tmp_path: Path) -> None:
    def fail(rows: sqlite3.Connection) -> None:
        _setting(rows, "undone")
        raise ValueError("no")

    async with Store(tmp_path / "x.db") as store:
        kept, failed, also = (
            asyncio.create_task(store.run(lambda rows: _setting(rows, "a"))),
            asyncio.create_task(store.run(fail)),
            asyncio.create_task(store.run(lambda rows: _setting(rows, "b"))),
        )
        await asyncio.gather(kept, also)
        with pytest.raises(ValueError, match="no"):
            await failed
        assert await store.run(_names) == ["a", "b"]


async def test_what_a_call_returned_for_is_there_after_a_reopening(tmp_path: Path) -> None:
    for _ in range(2):
        async with Store(tmp_path / "x.db") as store:
            await store.run(
                lambda rows: rows.execute("INSERT OR IGNORE INTO setting VALUES ('a', x'00')").rowcount
            )
    async with Store(tmp_path / "x.db") as store:
        assert await store.run(_names) == ["a"]


async def test_a_closed_store_says_so(tmp_path: Path) -> None:
    store = Store(tmp_path / "x.db")
    async with store:
        pass
    with pytest.raises(StorageError):
        await store.run(_names)


async def test_a_state_of_another_version_is_refused(tmp_path: Path) -> None:
    connection = sqlite3.connect(tmp_path / "sandbox.db")
    connection.execute("PRAGMA user_version = 99")
    connection.close()
    with pytest.raises(StorageError, match="another version"):
        async with start_sandbox(SandboxSettings(data=tmp_path)):
            pass


async def test_an_ack_removes_one_stanza_and_only_what_was_sent(tmp_path: Path) -> None:
    async with start_sandbox(SandboxSettings(data=tmp_path)) as sandbox:
        number = "491700000001"

        def work(rows: sqlite3.Connection) -> list[list[str]]:
            for type in ("retry", "retry", ""):
                queue.put(rows, number, 1, "receipt", "ID", type, b"", 0.0)
            seqs = [row.seq for row in queue.after(rows, number, 1, 0, 10)]
            left = []
            for sent, type in ((seqs[0], "retry"), (seqs[0], "retry"), (seqs[2], "retry"), (seqs[2], "")):
                queue.confirm(rows, number, 1, "receipt", "ID", sent, type)
                left.append([row.type for row in queue.after(rows, number, 1, 0, 10)])
            return left

        assert await sandbox.network.store.run(work) == [["retry", ""], ["retry", ""], [""], []]


async def test_a_device_that_never_comes_back_keeps_its_messages_and_loses_the_oldest_receipts(
    tmp_path: Path,
) -> None:
    async with start_sandbox(SandboxSettings(data=tmp_path)) as sandbox:
        number, kinds = "491700000001", ("message", "receipt", "receipt", "message", "receipt")

        def work(rows: sqlite3.Connection) -> list[list[str]]:
            for place, kind in enumerate(kinds):
                queue.put(rows, number, 1, kind, str(place), "", b"", 0.0)
            left = []
            for limit in (5, 4, 2, 1):
                queue.trim(rows, number, 1, limit)
                left.append([row.id for row in queue.after(rows, number, 1, 0, 10)])
            return left

        assert await sandbox.network.store.run(work) == [[*"01234"], [*"0234"], [*"03"], ["3"]]


@pytest.mark.parametrize(("device", "left"), [(1, queue.LIMIT), (0, queue.LIMIT + 1)])
async def test_the_queue_of_a_companion_is_limited_and_that_of_a_party_is_not(
    tmp_path: Path, device: int, left: int
) -> None:
    # The parties of a running sandbox would empty it.
    async with start_sandbox(SandboxSettings(data=tmp_path)):
        pass
    async with Store(tmp_path / "sandbox.db") as store:
        number = "491700000001"

        def work(rows: sqlite3.Connection) -> int:
            rows.executemany(
                "INSERT INTO queue (number, device, class, id, type, frame, at)"
                " VALUES (?, ?, 'message', '', '', x'', 0)",
                ((number, device) for _ in range(queue.LIMIT)),
            )
            queue.put(rows, number, device, "receipt", "", "", b"", 0.0)
            return queue.count(rows, number, device)

        assert await store.run(work) == left


async def test_ids_that_nobody_repeats_any_more_are_forgotten_while_it_runs(tmp_path: Path) -> None:
    def seen(rows: sqlite3.Connection) -> list[str]:
        return [row["id"] for row in rows.execute("SELECT id FROM seen")]

    async with start_sandbox(SandboxSettings(data=tmp_path, tidy_every=0.02)) as sandbox:
        run, now = sandbox.network.store.run, sandbox.network.clock.now()
        await run(lambda rows: queue.first_sight(rows, "1", 1, "new", now - 6 * 86400))
        await run(lambda rows: queue.first_sight(rows, "1", 1, "old", now - 8 * 86400))
        async with asyncio.timeout(5):
            while await run(seen) != ["new"]:
                await asyncio.sleep(0.01)


def test_a_lid_is_fixed_by_number_and_secret() -> None:
    lid = parties.lid_of(b"s" * 32, "491700000001")
    assert lid == parties.lid_of(b"s" * 32, "491700000001")
    assert (len(lid), lid.isdigit(), lid[0] != "0") == (15, True, True)
    assert lid not in (parties.lid_of(b"t" * 32, "491700000001"), parties.lid_of(b"s" * 32, "491700000002"))


async def test_a_second_sandbox_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    async with start_sandbox(SandboxSettings(data=tmp_path)):
        with pytest.raises(SandboxError, match="Another sandbox runs on"):
            async with start_sandbox(SandboxSettings(data=tmp_path)):
                pass
    async with start_sandbox(SandboxSettings(data=tmp_path)):
        pass


async def test_a_folder_that_is_none_is_refused_with_its_path(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SandboxError, match="file: "):
        async with start_sandbox(SandboxSettings(data=tmp_path / "file")):
            pass


async def test_a_stanza_that_no_client_would_take_is_not_queued(tmp_path: Path) -> None:
    async with Store(tmp_path / "x.db") as store:
        with pytest.raises(WireError):
            await store.run(
                lambda rows: queue.put(rows, "1", 1, "message", "ID", "", bytes(MAX_FRAME + 1), 0.0)
            )
        assert await store.run(lambda rows: queue.count(rows, "1", 1)) == 0
