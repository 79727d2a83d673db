"""What doctor says of databases: real files and servers, as they are and spoilt."""

import sqlite3
from pathlib import Path

import pytest
from tests.pooler import MISSING, PROGRAM, running_pooler

from waypost.cli.doctor.check import Check
from waypost.cli.doctor.database import database
from waypost.clock import Clock, SystemClock
from waypost.config import Settings
from waypost.storage.postgres.connections import connections
from waypost.storage.postgres.target import Target
from waypost.storage.sqlite.database import opened
from waypost.testing.postgres import PostgresServer

CLOCK = SystemClock()
INSTANCE = """
INSERT INTO instances (id, name, phone, network, created_at) VALUES ('{0}', '{0}', '1', 'sandbox', 0)
"""


class Late(SystemClock):
    """An hour behind."""

    def now(self) -> float:
        return super().now() - 3600


def by_name(settings: Settings, clock: Clock = CLOCK) -> dict[str, Check]:
    return {check.name: check for check in database(settings, clock)}


def on(url: str, direct: str = "") -> Settings:
    return Settings(database_url=url, database_direct_url=direct)


async def made(folder: Path) -> sqlite3.Connection:
    async with opened(folder / "waypost.db"):
        pass
    return sqlite3.connect(folder / "waypost.db")


async def test_a_file_of_this_release_is_well(tmp_path: Path) -> None:
    assert database(Settings(data=tmp_path), CLOCK)[0].state == "ok"
    assert not (tmp_path / "waypost.db").exists()
    (await made(tmp_path)).close()
    (check,) = database(Settings(data=tmp_path), CLOCK)
    assert (check.state, "of this release" in check.found) == ("ok", True)


async def test_a_file_of_a_newer_release_names_what_to_start(tmp_path: Path) -> None:
    file = await made(tmp_path)
    with file:
        file.execute("UPDATE alembic_version SET version_num = '9999_later'")
    file.close()
    (check,) = database(Settings(data=tmp_path), CLOCK)
    assert check.state == "failed"
    assert "newer Waypost" in check.mend


async def test_a_damaged_file_leads_to_the_backup(tmp_path: Path) -> None:
    (await made(tmp_path)).close()
    path = tmp_path / "waypost.db"
    data = path.read_bytes()
    path.write_bytes(data[:4096] + bytes(len(data) - 4096))
    (check,) = database(Settings(data=tmp_path), CLOCK)
    assert check.state == "failed"
    assert "restore" in check.mend


def test_a_server_that_has_all_that_is_needed_is_well(postgres_url: str) -> None:
    found = by_name(on(postgres_url))
    assert {check.state for check in found.values()} == {"ok"}
    assert "of this release" in found["database"].found
    assert {"database, connections", "database, durability", "client version"} <= set(found)
    assert "clock, beside the database" in found


def test_a_clock_that_is_an_hour_behind_the_server_s_fails(postgres_url: str) -> None:
    check = by_name(on(postgres_url), Late())["clock, beside the database"]
    assert (check.state, "3600 s behind" in check.found) == ("failed", True)


def test_an_empty_database_is_left_empty(postgres_server: PostgresServer) -> None:
    name = postgres_server.create()
    try:
        found = by_name(on(postgres_server.url(name)))
        assert (found["database"].state, found["database, connections"].state) == ("ok", "skipped")
        assert postgres_server.execute(
            "SELECT count(*) FROM pg_tables WHERE schemaname = 'public'", name
        ) == [(0,)]
    finally:
        postgres_server.drop(name)


def test_a_server_out_of_reach_is_told_without_the_password() -> None:
    (check,) = database(on("postgresql://waypost:geheim@127.0.0.1:1/waypost"), CLOCK)
    assert check.state == "failed"
    assert "127.0.0.1" in check.found
    assert "geheim" not in check.found


def test_commits_that_are_answered_before_they_are_stored_fail(postgres_url: str) -> None:
    found = by_name(on(f"{postgres_url}?options=-c%20synchronous_commit%3Doff"))
    assert found["database, durability"].state == "failed"
    assert "synchronous_commit" in found["database, durability"].mend


def test_too_few_connections_for_the_instances_fail(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    name = postgres_url.rpartition("/")[2]
    for number in range(10):
        postgres_server.execute(INSTANCE.format(number), name)
        postgres_server.execute(
            f"INSERT INTO leases (instance_id, expires_at) VALUES ('{number}', now())", name
        )
    needed = connections(Target(postgres_url), 6).needed
    postgres_server.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT {needed - 1}')
    try:
        check = by_name(on(postgres_url))["database, connections"]
        assert (check.state, f"up to {needed} connections; {needed - 1}" in check.found) == ("failed", True)
        assert "max_connections" in check.mend
    finally:
        postgres_server.execute(f'ALTER DATABASE "{name}" CONNECTION LIMIT -1')
    assert by_name(on(postgres_url))["database, connections"].state == "ok"


def test_instances_that_whatsapp_refuses_as_outdated_are_named_with_the_upgrade(
    postgres_url: str, postgres_server: PostgresServer
) -> None:
    name = postgres_url.rpartition("/")[2]
    postgres_server.execute(INSTANCE.format("shop"), name)
    postgres_server.execute(
        "INSERT INTO conditions (instance_id, epoch, state, reason, since) "
        "VALUES ('shop', 1, 'FAILED', 'outdated', 0)",
        name,
    )
    check = by_name(on(postgres_url))["client version"]
    assert (check.state, "shop" in check.found, "make serve" in check.mend) == ("failed", True, True)


@pytest.mark.skipif(PROGRAM is None, reason=MISSING)
def test_a_pooler_and_its_server_are_told_apart(postgres_url: str, postgres_server: PostgresServer) -> None:
    name = "database, pooler"
    with running_pooler(postgres_url) as pooled:
        assert by_name(on(pooled, postgres_url))[name].state == "ok"
        alone = by_name(on(pooled))[name]
        assert (alone.state, "WAYPOST_DATABASE_DIRECT_URL" in alone.mend) == ("failed", True)
        assert by_name(on(postgres_url, pooled))[name].state == "failed"
        other = postgres_server.create()
        try:
            check = by_name(on(pooled, postgres_server.url(other)))[name]
            assert (check.state, "different databases" in check.found) == ("failed", True)
        finally:
            postgres_server.drop(other)
    assert by_name(on(postgres_url, postgres_url))[name].state == "warning"
