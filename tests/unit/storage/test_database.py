import asyncio
import sqlite3
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from subprocess import PIPE, Popen

import pytest

from waypost.errors import DATA_FOLDER_BUSY, STORAGE_UNAVAILABLE, StorageError
from waypost.storage.folder_lock import locked
from waypost.storage.sqlite.database import SqliteDatabase, opened


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    async with opened(tmp_path / "waypost.db") as database:
        await database.write(lambda c: c.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)"))
        yield database


def insert(key: int, text: str = "x") -> Callable[[sqlite3.Connection], int]:
    return lambda c: c.execute("INSERT INTO notes VALUES (?, ?)", (key, text)).rowcount


def count(connection: sqlite3.Connection) -> int:
    return int(connection.execute("SELECT count(*) FROM notes").fetchone()[0])


async def test_what_was_written_is_read(database: SqliteDatabase) -> None:
    assert await database.write(insert(1)) == 1
    assert await database.read(count) == 1


async def test_a_constraint_error_fails_only_its_own_unit(database: SqliteDatabase) -> None:
    results = await asyncio.gather(
        *(database.write(insert(n // 2)) for n in range(100)), return_exceptions=True
    )
    assert sum(isinstance(r, sqlite3.IntegrityError) for r in results) == 50
    assert await database.read(count) == 50
    assert database.healthy


async def test_units_done_together_fail_alone_and_share_their_statements(database: SqliteDatabase) -> None:
    sizes: list[int] = []

    def bulk(connection: sqlite3.Connection, keys: Sequence[int]) -> list[int]:
        sizes.append(len(keys))
        for key in keys:
            connection.execute("INSERT INTO notes VALUES (?, 'x')", (key,))
        return [key * 10 for key in keys]

    written = [database.write_each(bulk, key) for key in (1, 2, 3, 4)]
    assert await asyncio.gather(*written) == [10, 20, 30, 40]
    assert sizes == [4]
    again = [database.write_each(bulk, key) for key in (4, 5)]
    results = await asyncio.gather(*again, return_exceptions=True)
    assert isinstance(results[0], sqlite3.IntegrityError)
    assert results[1] == 50
    assert await database.read(count) == 5


async def test_an_error_half_way_undoes_the_whole_unit(database: SqliteDatabase) -> None:
    def unit(connection: sqlite3.Connection) -> None:
        connection.execute("INSERT INTO notes VALUES (1, 'x')")
        raise LookupError("half way")

    with pytest.raises(LookupError):
        await database.write(unit)
    assert await database.read(count) == 0


async def test_a_cancelled_caller_does_not_take_its_batch_along(database: SqliteDatabase) -> None:
    tasks = [asyncio.create_task(database.write(insert(n))) for n in range(50)]
    await asyncio.sleep(0)
    tasks[0].cancel()
    results = await asyncio.gather(*tasks, return_exceptions=True)
    assert isinstance(results[0], asyncio.CancelledError)
    assert results[1:] == [1] * 49
    assert await database.read(count) == 50


async def test_a_full_disk_fails_the_batch_and_health_returns_with_the_disk(database: SqliteDatabase) -> None:
    pages = (await database.read(lambda c: c.execute("PRAGMA page_count").fetchone()))[0]
    await database.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages}").fetchall())
    writes = [database.write(insert(n, "x" * 20_000)) for n in range(10)]
    results = await asyncio.gather(*writes, return_exceptions=True)
    failed = [r for r in results if isinstance(r, StorageError)]
    assert failed
    assert all(error.fault is STORAGE_UNAVAILABLE for error in failed)
    assert await database.read(count) == len(results) - len(failed)
    assert len(failed) == 10
    assert not database.healthy

    with pytest.raises(StorageError):
        await database.write(insert(99, "x" * 20_000))
    await database.write(lambda c: c.execute(f"PRAGMA max_page_count = {pages + 1000}").fetchall())
    assert await database.write(insert(99, "x" * 20_000)) == 1
    assert database.healthy


class _FailingCommit(sqlite3.Connection):
    broken = False

    def execute(self, sql: str, *rest: object) -> sqlite3.Cursor:
        if self.broken and sql == "COMMIT":
            super().execute("ROLLBACK")
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *rest)  # type: ignore[arg-type]


async def test_a_failed_commit_answers_everyone_and_the_writer_recovers_by_itself(tmp_path: Path) -> None:
    async with opened(tmp_path / "waypost.db", _FailingCommit) as database:
        await database.write(lambda c: c.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)"))
        _FailingCommit.broken = True
        try:
            results = await asyncio.gather(
                *(database.write(insert(n)) for n in range(20)), return_exceptions=True
            )
            assert all(isinstance(r, StorageError) for r in results)
            assert not database.healthy
        finally:
            _FailingCommit.broken = False
        async with asyncio.timeout(5):
            while not database.healthy:
                await asyncio.sleep(0.05)
        assert await database.read(count) == 0


async def test_a_reader_cannot_write(database: SqliteDatabase) -> None:
    with pytest.raises(StorageError):
        await database.read(insert(1))


async def test_closing_writes_what_was_submitted(tmp_path: Path) -> None:
    async with opened(tmp_path / "waypost.db") as database:
        await database.write(lambda c: c.execute("CREATE TABLE notes (id INTEGER PRIMARY KEY, text TEXT)"))
        pending = [asyncio.ensure_future(database.write(insert(n))) for n in range(100)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*pending) == [1] * 100
    async with opened(tmp_path / "waypost.db") as database:
        assert await database.read(count) == 100


def test_a_second_holder_of_the_folder_is_refused_by_name(tmp_path: Path) -> None:
    with locked(tmp_path / "data"):
        with pytest.raises(StorageError) as refused, locked(tmp_path / "data"):
            pass
        assert refused.value.fault is DATA_FOLDER_BUSY
        assert str(tmp_path) in refused.value.message
    with locked(tmp_path / "data"):
        pass


def test_a_holder_that_is_killed_leaves_the_folder_free(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from waypost.storage.folder_lock import locked\n"
        "with locked(Path(sys.argv[1])):\n    print('held', flush=True); sys.stdin.read()\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    with Popen(command, stdin=PIPE, stdout=PIPE) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(StorageError) as refused, locked(tmp_path):
            pass
        assert str(holder.pid) in refused.value.message
        holder.kill()
        holder.wait()
    with locked(tmp_path):
        pass


async def test_nobody_else_may_read_the_file(tmp_path: Path) -> None:
    async with opened(tmp_path / "data" / "waypost.db") as database:
        await database.write(lambda c: c.execute("CREATE TABLE notes (id INTEGER)"))
        for file in (tmp_path / "data").iterdir():
            assert file.stat().st_mode & 0o077 == 0, file.name
        assert (tmp_path / "data").stat().st_mode & 0o077 == 0
