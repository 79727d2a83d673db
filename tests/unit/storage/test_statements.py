import re
import sqlite3
from pathlib import Path

import pytest

from waypost.storage import statements as module
from waypost.storage.sqlite.dialect import SqliteDialect
from waypost.storage.sqlite.migrate import create
from waypost.storage.statements import statements

QUERIES = sorted(path.stem for path in (Path(module.__file__).parent / "queries").glob("*.sql"))


@pytest.mark.parametrize("aggregate", QUERIES)
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
