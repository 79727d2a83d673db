import re
import sqlite3
from pathlib import Path

import pytest

from waypost.storage.sqlite import statements as module
from waypost.storage.sqlite.migrate import create
from waypost.storage.sqlite.statements import statements

QUERIES = sorted(path.stem for path in (Path(module.__file__).parent / "queries").glob("*.sql"))


@pytest.mark.parametrize("aggregate", QUERIES)
def test_every_statement_fits_the_schema(aggregate: str) -> None:
    connection = sqlite3.connect(":memory:", isolation_level=None)
    create(connection)
    named = statements(aggregate)
    assert named
    for sql in named.values():
        count = sql.count("?")
        parameters = [None] * count if count else dict.fromkeys(_names(sql))
        connection.execute(f"EXPLAIN {sql}", parameters).fetchall()
    connection.close()


def _names(sql: str) -> list[str]:
    return re.findall(r":(\w+)", sql)


def test_names_comments_and_semicolons(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_FOLDER", tmp_path)
    (tmp_path / "a.sql").write_text("-- about\n\n-- name: one\n-- why\nSELECT 1;\n-- name: two\nSELECT\n2;\n")
    assert statements("a") == {"one": "SELECT 1", "two": "SELECT\n2"}


@pytest.mark.parametrize("text", ["SELECT 1;\n", "-- name: a\nSELECT 1;\n-- name: a\nSELECT 2;\n"])
def test_a_file_that_is_no_list_of_names_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(module, "_FOLDER", tmp_path)
    (tmp_path / "a.sql").write_text(text)
    with pytest.raises(ValueError, match=r"a\.sql"):
        statements("a")
