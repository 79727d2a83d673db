"""What is done to a server and to the way there, and what its database makes of it."""

import asyncio
import contextlib
import threading
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence

import psycopg
import pytest

from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.storage.database import Connection
from waypost.storage.postgres.database import PostgresDatabase, connected
from waypost.storage.postgres.migrate import migrate
from waypost.storage.postgres.target import Target
from waypost.testing.postgres import PostgresServer, running_server
from waypost.testing.processes import halted

WITHIN = 30.0


@pytest.fixture(scope="module")
def server() -> Iterator[PostgresServer]:
    """One that may be killed."""
    with running_server() as found:
        migrate(Target(found.url()))
        found.execute("CREATE TABLE notes (id bigint PRIMARY KEY, text text)")
        yield found


@pytest.fixture
async def database(server: PostgresServer) -> AsyncIterator[PostgresDatabase]:
    server.execute("TRUNCATE notes")
    async with connected(Target(server.url(), patience=2.0), writers=3, readers=2) as found:
        yield found


def insert(key: int) -> Callable[[Connection], int]:
    return lambda c: c.execute("INSERT INTO notes VALUES (%s, 'x')", (key,)).rowcount


def keys(connection: Connection) -> list[int]:
    return [row[0] for row in connection.execute("SELECT id FROM notes ORDER BY id")]


async def healthy(database: PostgresDatabase) -> None:
    async with asyncio.timeout(WITHIN):
        while not database.healthy:
            await asyncio.sleep(0.05)


async def test_a_constraint_error_fails_only_its_own_unit(database: PostgresDatabase) -> None:
    results = await asyncio.gather(
        *(database.write(insert(n // 2)) for n in range(200)), return_exceptions=True
    )
    assert sum(isinstance(result, psycopg.IntegrityError) for result in results) == 100
    assert await database.read(keys) == list(range(100))
    assert database.healthy


async def test_units_done_together_fail_alone(database: PostgresDatabase) -> None:
    def bulk(connection: Connection, items: Sequence[int]) -> list[int]:
        for key in items:
            insert(key)(connection)
        return [key * 10 for key in items]

    written = [database.write_each(bulk, key) for key in (1, 2, 2, 3)]
    results = await asyncio.gather(*written, return_exceptions=True)
    assert [r for r in results if isinstance(r, int)] == [10, 20, 30]
    assert isinstance(results[2], psycopg.IntegrityError)


async def test_an_error_that_a_unit_passes_over_is_no_success(database: PostgresDatabase) -> None:
    await database.write(insert(1))

    def unit(connection: Connection) -> None:
        with contextlib.suppress(psycopg.IntegrityError):
            insert(1)(connection)

    with pytest.raises(StorageError):
        await database.write(unit)
    await healthy(database)


async def test_a_reader_cannot_write(database: PostgresDatabase) -> None:
    with pytest.raises(StorageError):
        await database.read(insert(1))
    assert await database.read(keys) == []


async def test_a_deadlock_is_nobody_s_failure(database: PostgresDatabase, server: PostgresServer) -> None:
    for key in (1, 2):
        await database.write(insert(key))
    met = threading.Barrier(2)

    def crossing(first: int, second: int) -> Callable[[Connection], None]:
        waited: list[bool] = []

        def unit(connection: Connection) -> None:
            connection.execute("UPDATE notes SET text = text || %s WHERE id = %s", (str(first), first))
            if not waited:
                waited.append(True)
                met.wait(WITHIN)
            connection.execute("UPDATE notes SET text = text || %s WHERE id = %s", (str(first), second))

        return unit

    async with connected(Target(server.url()), writers=1, readers=1) as other:
        await asyncio.gather(database.write(crossing(1, 2)), other.write(crossing(2, 1)))
        assert other.healthy
    texts = await database.read(lambda c: c.execute("SELECT text FROM notes").fetchall())
    assert {"".join(sorted(text)) for (text,) in texts} == {"12x"}
    assert database.healthy


async def test_connections_that_were_cut_in_idleness_are_replaced_unnoticed(
    database: PostgresDatabase, server: PostgresServer
) -> None:
    await asyncio.gather(*(database.write(insert(n)) for n in range(3)))
    await database.read(keys)
    server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE application_name = 'waypost' AND pid <> pg_backend_pid()"
    )
    assert await database.write(insert(10)) == 1
    assert 10 in await database.read(keys)
    assert database.healthy


async def test_a_connection_that_is_lost_before_the_commit_costs_nobody_anything(
    database: PostgresDatabase, server: PostgresServer
) -> None:
    calls: list[int] = []

    def unit(connection: Connection) -> None:
        insert(1)(connection)
        (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        calls.append(pid)
        if len(calls) == 1:
            server.execute(f"SELECT pg_terminate_backend({pid})")
        insert(2)(connection)

    await database.write(unit)
    assert len(set(calls)) == 2
    assert await database.read(keys) == [1, 2]


async def test_a_connection_that_is_lost_during_the_commit_is_told_as_unknown(
    database: PostgresDatabase, server: PostgresServer
) -> None:
    def unit(connection: Connection) -> None:
        insert(1)(connection)
        (pid,) = connection.execute("SELECT pg_backend_pid()").fetchone()
        server.execute(f"SELECT pg_terminate_backend({pid})")

    with pytest.raises(StorageError, match="may be stored"):
        await database.write(unit)
    await healthy(database)


async def test_what_was_answered_outlives_a_kill_and_what_was_not_is_503(
    database: PostgresDatabase, server: PostgresServer
) -> None:
    answered: list[int] = []
    failed: list[StorageError] = []
    stop = asyncio.Event()

    async def caller(number: int) -> None:
        key = number
        while not stop.is_set():
            try:
                await database.write(insert(key))
                answered.append(key)
            except StorageError as error:
                failed.append(error)
                await asyncio.sleep(0.02)
            key += 100

    async with asyncio.TaskGroup() as callers:
        for number in range(20):
            callers.create_task(caller(number))
        for _ in range(3):
            before = len(answered) + 50
            async with asyncio.timeout(WITHIN):
                while len(answered) < before:
                    await asyncio.sleep(0.01)
            await asyncio.to_thread(server.kill)
            async with asyncio.timeout(WITHIN):
                while database.healthy:
                    await asyncio.sleep(0.01)
            await asyncio.to_thread(server.start)
            await healthy(database)
        stop.set()
    stored = set(await database.read(keys))
    assert failed
    assert all(error.fault is STORAGE_UNAVAILABLE for error in failed)
    assert set(answered) <= stored
    print(f"{len(answered)} answered, {len(failed)} refused, {len(stored - set(answered))} stored unanswered")


async def test_a_halted_server_is_an_error_in_time_and_comes_back_by_itself(
    database: PostgresDatabase, server: PostgresServer
) -> None:
    await asyncio.gather(database.write(insert(1)), database.read(keys))
    with halted(_family(server.pid)):
        began = time.monotonic()
        # The writer's patience, a second attempt that can't connect, and the grace on top.
        async with asyncio.timeout(WITHIN):
            with pytest.raises(StorageError):
                await database.write(insert(2))
        assert not database.healthy
        assert time.monotonic() - began > 2.0
    await healthy(database)
    assert await database.write(insert(3)) == 1


async def test_what_holds_a_lock_and_says_nothing_loses_it(
    database: PostgresDatabase, server: PostgresServer
) -> None:
    """As a node that is halted in the middle of a transaction."""
    await database.write(insert(1))
    silent = Target(server.url(), patience=1.0).connect()
    silent.execute("BEGIN")
    silent.execute("DELETE FROM notes")
    async with asyncio.timeout(WITHIN):
        done = await database.write(lambda c: c.execute("DELETE FROM notes WHERE id = 1").rowcount)
    assert done == 1
    silent.close()


async def test_closing_writes_what_was_submitted(server: PostgresServer) -> None:
    server.execute("TRUNCATE notes")
    async with connected(Target(server.url()), writers=2, readers=1) as database:
        pending = [asyncio.ensure_future(database.write(insert(n))) for n in range(100)]
        await asyncio.sleep(0)
    assert await asyncio.gather(*pending) == [1] * 100
    assert server.execute("SELECT count(*) FROM notes") == [(100,)]


def _family(pid: int) -> list[int]:
    import psutil

    return [pid, *(child.pid for child in psutil.Process(pid).children(recursive=True))]
