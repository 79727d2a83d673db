import re
import sqlite3
from pathlib import Path

import psycopg
import pytest

from waypost.storage import statements as module
from waypost.storage.postgres.dialect import PostgresDialect, translated
from waypost.storage.sqlite.dialect import SqliteDialect
from waypost.storage.sqlite.migrate import create
from waypost.storage.statements import statements

STORAGE = Path(module.__file__).parent


def aggregates(own: str) -> list[str]:
    return sorted({path.stem for folder in (STORAGE, STORAGE / own) for path in folder.glob("queries/*.sql")})


@pytest.mark.parametrize("aggregate", aggregates("sqlite"))
def test_every_statement_fits_the_schema(aggregate: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    named = SqliteDialect().statements(aggregate)
    assert named
    for sql in named.values():
        count = sql.count("?")
        parameters = [None] * count if count else dict.fromkeys(_names(sql))
        connection.execute(f"EXPLAIN {sql}", parameters).fetchall()
    connection.close()


def test_a_message_is_kept_without_a_look_at_all_others() -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    put = SqliteDialect().statements("messages")["put"]
    plan = connection.execute(f"EXPLAIN QUERY PLAN {put}", [None] * put.count("?")).fetchall()
    connection.close()
    looks = [step for *_, step in plan if step.startswith(("SEARCH messages", "SCAN messages"))]
    assert len(looks) == 3
    assert all("messages_shown (instance_id=? AND chat=? AND timestamp" in step for step in looks), looks


@pytest.mark.parametrize(
    ("aggregate", "name", "by"),
    [
        ("deliveries", "owing", "deliveries_pending"),
        ("deliveries", "upcoming", "deliveries_pending"),
        ("deliveries", "recovered", "deliveries_pending"),
        ("deliveries", "bury", "deliveries_pending"),
        ("requests", "overdue", "requests_by_expiry (expires_at<?)"),
        ("open_chats", "is_open", "chat_aliases_of_chat (instance_id=? AND chat_key=?)"),
        ("open_chats", "is_open", "PRIMARY KEY (instance_id=? AND chat=?)"),
        ("outbox", "move_aliases", "chat_aliases_of_chat (instance_id=? AND chat_key=?)"),
    ],
)
def test_what_is_asked_often_reads_no_more_than_it_finds(aggregate: str, name: str, by: str) -> None:
    """Tables grow to millions of rows, and SQLite has no statistics to choose an index by."""
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    sql = SqliteDialect().statements(aggregate)[name]
    plan = connection.execute(f"EXPLAIN QUERY PLAN {sql}", dict.fromkeys(_names(sql))).fetchall()
    connection.close()
    assert any(by in step for *_, step in plan), plan


@pytest.mark.parametrize("aggregate", aggregates("postgres"))
def test_every_statement_fits_the_schema_of_postgresql(aggregate: str, postgres_url: str) -> None:
    with psycopg.connect(postgres_url, autocommit=True) as connection:
        for name, sql in PostgresDialect().statements(aggregate).items():
            if "{" in sql:  # made for a schema of its own, and run by a test of its own
                continue
            places = dict.fromkeys(re.findall(r"%\((\w+)\)s", sql))
            for number, place in enumerate(places, 1):
                sql = sql.replace(f"%({place})s", f"${number}")
            for number in range(1, sql.count("%s") + 1):
                sql = sql.replace("%s", f"${number}", 1)
            connection.execute(f'PREPARE "{name}" AS {sql}')


def test_names_become_psycopg_s_and_casts_stay_as_they_are() -> None:
    assert translated("SELECT :a, b::text, ?, :a_1") == "SELECT %(a)s, b::text, %s, %(a_1)s"
    with pytest.raises(ValueError, match="percent"):
        translated("SELECT 5 % 2")


def _names(sql: str) -> list[str]:
    return re.findall(r":(\w+)", sql)


@pytest.fixture
def folders(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Path, Path]:
    """Empty ones, for what is shared and for a dialect's own."""
    shared, own = tmp_path / "shared", tmp_path / "own"
    shared.mkdir()
    own.mkdir()
    monkeypatch.setattr(module, "_SHARED", shared)
    return shared, own


def test_names_comments_and_semicolons(folders: tuple[Path, Path]) -> None:
    shared, own = folders
    (shared / "a.sql").write_text("-- about\n\n-- name: one\n-- why\nSELECT 1;\n-- name: two\nSELECT\n2;\n")
    assert statements("a", own) == {"one": "SELECT 1", "two": "SELECT\n2"}


def test_what_differs_comes_from_the_dialect_s_own_file(folders: tuple[Path, Path]) -> None:
    shared, own = folders
    (shared / "a.sql").write_text("-- name: one\nSELECT 1;\n")
    (own / "a.sql").write_text("-- name: two\nSELECT 2;\n")
    (own / "b.sql").write_text("-- name: three\nSELECT 3;\n")
    assert statements("a", own) == {"one": "SELECT 1", "two": "SELECT 2"}
    assert statements("b", own) == {"three": "SELECT 3"}


def test_a_statement_that_is_shared_and_the_dialect_s_own_is_refused(folders: tuple[Path, Path]) -> None:
    for folder in folders:
        (folder / "a.sql").write_text("-- name: one\nSELECT 1;\n")
    with pytest.raises(ValueError, match="one comes twice"):
        statements("a", folders[1])


@pytest.mark.parametrize("text", ["SELECT 1;\n", "-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n"])
def test_a_file_that_is_no_list_of_names_is_refused(folders: tuple[Path, Path], text: str) -> None:
    shared, own = folders
    (shared / "a.sql").write_text(text)
    with pytest.raises(ValueError, match=r"a\.sql"):
        statements("a", own)
