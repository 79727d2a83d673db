"""A backup is whole although the gateway goes on, and what is restored of it sends nothing twice."""

import asyncio
import io
import sqlite3
import tarfile
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from waypost.errors import (
    BACKUP_UNUSABLE,
    DATA_FOLDER_BUSY,
    DATA_FOLDER_NOT_EMPTY,
    RETRY_NEEDS_FORCE,
    Fault,
    OutboxError,
    StorageError,
)
from waypost.outbox.outbox import Outbox
from waypost.outbox.request import RequestState, Upload
from waypost.storage.backup import write
from waypost.storage.folder_lock import locked
from waypost.storage.outbox import SqlOutboxStore
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.target import Target
from waypost.storage.restore import Restored, restore
from waypost.testing.executor import Network, ScriptedExecutor
from waypost.testing.outbox_house import INSTANCE, House, finished, rows, until

NOW = 1_700_000_000.0


def house_in(folder: Path, network: Network | None = None) -> House:
    folder.mkdir(exist_ok=True)
    house = House(folder / "waypost.db")
    house.network = network or house.network
    return house


def bring_back(backup: Path, data: Path, *, sessions: bool = False, send_queued: bool = False) -> Restored:
    return restore(backup, data, NOW, sessions=sessions, send_queued=send_queued, keep_files=10.0)


def refused(call: Callable[[], object], fault: Fault) -> StorageError:
    with pytest.raises(StorageError) as error:
        call()
    assert error.value.fault is fault
    return error.value


async def busy_gateway(house: House, backup: Path) -> tuple[set[str], set[str]]:
    """Take a backup while calls are accepted and sent; what was accepted before it, and after."""
    async with house.open() as (outbox, _):
        accepted: list[str] = []

        async def caller(number: int) -> None:
            while True:
                accepted.append((await outbox.accept(house.call(f"c{number}"))).uuid)

        callers = [asyncio.create_task(caller(number)) for number in range(4)]
        await until(lambda: len(house.network.deliveries) > 20)
        before = set(accepted)
        await asyncio.to_thread(write, house.path.parent, backup, NOW)
        await until(lambda: len(house.network.deliveries) > 60)
        for one in callers:
            one.cancel()
        await asyncio.gather(*callers, return_exceptions=True)
        await all_finished(house)
        return before, set(accepted)


async def all_finished(house: House) -> None:
    await until(lambda: rows(house, "SELECT 1 FROM requests WHERE finished_at IS NULL LIMIT 1") == [], 30.0)


async def test_what_was_accepted_before_the_backup_is_there_once_and_nothing_is_sent_twice(
    tmp_path: Path,
) -> None:
    house, backup = house_in(tmp_path / "old"), tmp_path / "backup"
    before, everything = await busy_gateway(house, backup)
    sent = house.network.names()
    restored = bring_back(backup, tmp_path / "new")
    again = house_in(tmp_path / "new", house.network)
    kept = [uuid for (uuid,) in rows(again, "SELECT uuid FROM requests")]
    assert len(kept) == len(set(kept))
    assert before <= set(kept) <= everything
    async with again.open():
        assert rows(again, "SELECT 1 FROM requests WHERE finished_at IS NULL") == []
    assert house.network.names() == sent
    ended = rows(again, "SELECT count(*) FROM requests WHERE CAST(failure AS TEXT) LIKE '%restored%'")
    assert ended == [(restored.held_back,)]


async def queued_backup(tmp_path: Path) -> tuple[House, Path, list[str]]:
    """A backup with three requests that wait."""
    house, backup = house_in(tmp_path / "old"), tmp_path / "backup"
    async with house.open() as (outbox, executor):
        executor.connected = False
        uuids = [(await outbox.accept(house.call("49"))).uuid for _ in range(3)]
        await asyncio.to_thread(write, house.path.parent, backup, NOW)
    return house, backup, uuids


async def test_a_request_that_was_held_back_is_sent_on_somebodys_word(tmp_path: Path) -> None:
    house, backup, uuids = await queued_backup(tmp_path)
    assert bring_back(backup, tmp_path / "new").held_back == 3
    again = house_in(tmp_path / "new", house.network)
    async with again.open() as (outbox, _):
        held = await outbox.get(INSTANCE, uuids[0])
        assert held.failure is not None
        assert (held.state, held.failure.code) == (RequestState.FAILED, "restored")
        with pytest.raises(OutboxError) as error:
            await outbox.retry(INSTANCE, uuids[0])
        assert error.value.fault is RETRY_NEEDS_FORCE
        await outbox.retry(INSTANCE, uuids[0], force=True)
        assert (await finished(outbox, uuids[0])).state is RequestState.SENT
    assert house.network.names() == [f"{uuids[0]}/note"]


async def test_after_a_move_the_queue_goes_on_in_its_order(tmp_path: Path) -> None:
    house, backup, uuids = await queued_backup(tmp_path)
    assert bring_back(backup, tmp_path / "new", send_queued=True).held_back == 0
    again = house_in(tmp_path / "new", house.network)
    async with again.open() as (outbox, _):
        for uuid in uuids:
            assert (await finished(outbox, uuid)).state is RequestState.SENT
    assert house.network.names() == [f"{uuid}/note" for uuid in uuids]


async def test_a_send_that_was_under_way_is_not_made_again_after_a_restore(tmp_path: Path) -> None:
    house, backup = house_in(tmp_path / "old"), tmp_path / "backup"
    async with house.open() as (outbox, executor):
        gate = asyncio.Event()

        async def hold(_: object) -> None:
            await gate.wait()

        executor.plan("performed", hold)
        uuid = (await outbox.accept(house.call())).uuid
        await until(lambda: len(house.network.deliveries) == 1)
        await asyncio.to_thread(write, house.path.parent, backup, NOW)
        gate.set()
        await finished(outbox, uuid)
    bring_back(backup, tmp_path / "new")
    again = house_in(tmp_path / "new", house.network)
    async with again.open():
        assert rows(again, "SELECT state FROM steps") == [("unknown",)]
    assert len(house.network.deliveries) == 1


async def a_whole_folder(outbox: Outbox, house: House) -> Path:
    """Beside the database: an upload that is named, one that is not, a session, a spool."""
    data = house.path.parent
    named = Upload(blob_id="a" * 32, size=1, sha256="-")
    await outbox.accept(house.call(upload=named))
    (data / "blobs").mkdir()
    for name in ("a", "b"):
        (data / "blobs" / (name * 32)).write_bytes(name.encode())
    (data / "engine/instances/shop/store").mkdir(parents=True)
    (data / "engine/instances/shop/spool").mkdir()
    (data / "engine/instances/shop/spool/1.seg").write_bytes(b"event")
    with sqlite3.connect(data / "engine/instances/shop/store/session.db") as session:
        session.execute("CREATE TABLE ratchet (step)")
        session.execute("INSERT INTO ratchet VALUES (7)")
    session.close()
    return data


@pytest.mark.parametrize("sessions", [False, True])
async def test_uploads_and_events_come_along_and_sessions_when_asked_for(
    tmp_path: Path, sessions: bool
) -> None:
    house, backup, new = house_in(tmp_path / "old"), tmp_path / "backup", tmp_path / "new"
    async with house.open(executor=offline()) as (outbox, _):
        contents = await asyncio.to_thread(write, await a_whole_folder(outbox, house), backup, NOW)
    assert (contents.requests, contents.unfinished, contents.files, contents.sessions) == (1, 1, 1, 1)
    assert backup.stat().st_mode & 0o777 == 0o600
    assert bring_back(backup, new, sessions=sessions).sessions == sessions
    assert (new / "blobs" / ("a" * 32)).read_bytes() == b"a"
    assert not (new / "blobs" / ("b" * 32)).exists()
    assert (new / "engine/instances/shop/spool/1.seg").read_bytes() == b"event"
    assert (new / "engine/instances/shop/store/session.db").exists() is sessions
    assert sorted(file.name for file in tmp_path.iterdir()) == ["backup", "new", "old"]


def offline() -> ScriptedExecutor:
    executor = ScriptedExecutor(Network())
    executor.connected = False
    return executor


async def test_nothing_is_restored_over_something_or_under_a_running_gateway(tmp_path: Path) -> None:
    _, backup, _ = await queued_backup(tmp_path)
    refused(lambda: bring_back(backup, tmp_path / "old"), DATA_FOLDER_NOT_EMPTY)
    with locked(tmp_path / "new"):
        refused(lambda: bring_back(backup, tmp_path / "new"), DATA_FOLDER_BUSY)
    bring_back(backup, tmp_path / "new")
    refused(lambda: bring_back(backup, tmp_path / "new"), DATA_FOLDER_NOT_EMPTY)


async def test_a_backup_overwrites_nothing_and_needs_a_database(tmp_path: Path) -> None:
    house, backup, _ = await queued_backup(tmp_path)
    refused(lambda: write(house.path.parent, backup, NOW), BACKUP_UNUSABLE)
    refused(lambda: write(tmp_path / "nowhere", tmp_path / "other", NOW), BACKUP_UNUSABLE)
    assert not (tmp_path / "other").exists()


@pytest.mark.parametrize(
    "name", ["../outside", "/tmp/outside", "blobs/../../outside", "engine/instances/../../y/spool/z", "extra"]
)
def test_a_file_that_would_go_elsewhere_is_refused(tmp_path: Path, name: str) -> None:
    backup = tmp_path / "backup"
    with tarfile.open(backup, "w") as tar:
        member = tarfile.TarInfo(name)
        member.size = 1
        tar.addfile(member, io.BytesIO(b"x"))
    refused(lambda: bring_back(backup, tmp_path / "new"), BACKUP_UNUSABLE)
    assert [file.name for file in (tmp_path / "new").rglob("*")] == ["waypost.lock"]


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
async def test_half_a_backup_is_refused(tmp_path: Path, share: float) -> None:
    _, backup, _ = await queued_backup(tmp_path)
    whole = backup.read_bytes()
    backup.write_bytes(whole[: int(len(whole) * share)])
    refused(lambda: bring_back(backup, tmp_path / "new"), BACKUP_UNUSABLE)
    assert not (tmp_path / "new" / "waypost.db").exists()


async def test_the_statements_for_a_restored_dump_are_understood_by_postgresql(postgres_url: str) -> None:
    page = (Path(__file__).parents[3] / "docs" / "operations.md").read_text()
    statements = page.partition("```sql\n")[2].partition("```")[0]
    async with connected(Target(postgres_url), writers=1, readers=1) as database:
        await SqlOutboxStore(database).begin()
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        (before,) = connection.execute("SELECT secret_key FROM outbox_identity").fetchall()
        connection.execute(statements.encode())
        (after,) = connection.execute("SELECT secret_key FROM outbox_identity").fetchall()
    assert before != after
    assert len(after[0]) == 32
