import sys
from collections.abc import Iterator
from subprocess import PIPE, Popen

import psycopg
import pytest

from waypost.errors import DATABASE_TOO_NEW, DATABASE_UNSAFE, StorageError
from waypost.storage.migrations.chain import VERSIONS, head
from waypost.storage.postgres.migrate import MIGRATIONS, create, migrate, revision, split
from waypost.storage.postgres.target import Target
from waypost.testing.postgres import PostgresServer

REVISIONS = sorted(path.stem for path in VERSIONS.glob("[0-9]*.py"))
FIRST = REVISIONS[0]


@pytest.fixture
def empty(postgres_server: PostgresServer) -> Iterator[str]:
    """A database without a table."""
    name = postgres_server.create()
    yield postgres_server.url(name)
    postgres_server.drop(name)


def at(url: str, revision: str) -> None:
    """Make the database that a release with that revision left."""
    with psycopg.connect(url) as connection:
        create(connection, revision)


def shape(url: str) -> list[tuple[object, ...]]:
    """Every column and index."""
    with psycopg.connect(url) as connection:
        columns = connection.execute(
            "SELECT table_name, column_name, data_type, is_nullable, column_default"
            " FROM information_schema.columns WHERE table_schema = 'public' ORDER BY 1, 2"
        ).fetchall()
        indexes = connection.execute(
            "SELECT tablename, indexname, indexdef FROM pg_indexes WHERE schemaname = 'public' ORDER BY 2"
        ).fetchall()
    return [*columns, *indexes]


@pytest.mark.parametrize("old", REVISIONS)
def test_a_database_of_any_release_becomes_what_a_new_one_is(old: str, empty: str, postgres_url: str) -> None:
    at(empty, old)
    migrate(Target(empty))
    with psycopg.connect(empty) as connection:
        assert revision(connection) == head()
    assert shape(empty) == shape(postgres_url)


def test_rows_stay_and_instances_get_their_leases(empty: str) -> None:
    at(empty, "0002_instances")
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO instances (id, name, phone, network, created_at)"
            " VALUES ('i', 'n', '1', 'sandbox', 0)"
        )
        migrate(Target(empty))
        assert connection.execute("SELECT instance_id, node_id, epoch FROM leases").fetchall() == [
            ("i", None, 0)
        ]


def test_a_newer_database_is_refused(empty: str) -> None:
    at(empty, head())
    with psycopg.connect(empty, autocommit=True) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999_later'")
    with pytest.raises(StorageError) as refused:
        migrate(Target(empty))
    assert refused.value.fault is DATABASE_TOO_NEW


def test_a_server_that_answers_before_it_has_stored_is_refused(empty: str) -> None:
    with pytest.raises(StorageError) as refused:
        migrate(Target(f"{empty}?options=-c%20synchronous_commit%3Doff"))
    assert refused.value.fault is DATABASE_UNSAFE


@pytest.mark.parametrize("old", [None, FIRST])
def test_nodes_that_start_together_migrate_once(old: str | None, empty: str) -> None:
    if old is not None:
        at(empty, old)
    code = (
        "import sys; from waypost.storage.postgres.migrate import migrate\n"
        "from waypost.storage.postgres.target import Target\n"
        "print('ready', flush=True); sys.stdin.readline(); migrate(Target(sys.argv[1]))\n"
    )
    nodes = [Popen([sys.executable, "-c", code, empty], stdin=PIPE, stdout=PIPE) for _ in range(4)]
    for node in nodes:
        assert node.stdout is not None
        assert node.stdout.readline() == b"ready\n"
    for node in nodes:
        assert node.stdin is not None
        node.stdin.write(b"\n")
        node.stdin.flush()
    for node in nodes:
        with node:
            assert node.wait(60) == 0
    with psycopg.connect(empty) as connection:
        assert connection.execute("SELECT version_num FROM alembic_version").fetchall() == [(head(),)]


def test_a_migration_that_fails_leaves_the_database_as_it_was(
    empty: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at(empty, FIRST)
    before = shape(empty)
    with psycopg.connect(empty, autocommit=True) as connection:
        # The last revision stumbles over this one.
        connection.execute("CREATE TABLE blob_chunks (x int)")
    with pytest.raises(Exception, match="blob_chunks"):
        migrate(Target(empty))
    with psycopg.connect(empty, autocommit=True) as connection:
        assert revision(connection) == FIRST
        connection.execute("DROP TABLE blob_chunks")
    assert shape(empty) == before


def test_a_function_s_body_is_one_statement() -> None:
    script = (
        "CREATE FUNCTION f() RETURNS int AS $$\nBEGIN\n  RETURN 1;\nEND;\n$$ LANGUAGE plpgsql;\nSELECT 1;\n"
    )
    assert [statement[:6] for statement in split(script)] == ["CREATE", "SELECT"]
    with pytest.raises(ValueError, match="not a whole statement"):
        list(split("SELECT 1"))


def test_every_migration_is_whole_statements() -> None:
    for file in MIGRATIONS.glob("*.sql"):
        assert list(split(file.read_text()))
