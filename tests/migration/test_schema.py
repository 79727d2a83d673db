import re
import sqlite3
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import run

import pytest

from waypost.errors import DATABASE_TOO_NEW, StorageError
from waypost.storage.migrations.chain import VERSIONS, head
from waypost.storage.migrations.runner import upgrade
from waypost.storage.postgres.migrate import MIGRATIONS as POSTGRES_MIGRATIONS
from waypost.storage.sqlite.connection import connect_writer
from waypost.storage.sqlite.migrate import MIGRATIONS, create, migrate, revision


@pytest.fixture
def empty(tmp_path: Path) -> Iterator[sqlite3.Connection]:
    connection = connect_writer(tmp_path / "waypost.db")
    yield connection
    connection.close()


def tables(connection: sqlite3.Connection) -> dict[str, str]:
    rows = connection.execute("SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL").fetchall()
    return {name: re.sub(r"\s+", " ", sql) for name, sql in rows if name != "alembic_version"}


def columns(connection: sqlite3.Connection) -> dict[str, list[tuple[object, ...]]]:
    names = [row[0] for row in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    return {name: sorted(connection.execute(f"PRAGMA table_xinfo({name})"), key=str) for name in names}


def test_the_migrations_lead_to_the_schema(empty: sqlite3.Connection, tmp_path: Path) -> None:
    made = connect_writer(tmp_path / "made.db")
    create(made)
    upgrade(empty, head())
    assert revision(empty) == revision(made) == head()
    assert tables(empty).keys() == tables(made).keys()
    assert {n: c for n, c in columns(empty).items() if n != "alembic_version"} == {
        n: c for n, c in columns(made).items() if n != "alembic_version"
    }
    indexes = [name for name, sql in tables(made).items() if "INDEX" in sql.split("(")[0]]
    assert {n: tables(empty)[n] for n in indexes} == {n: tables(made)[n] for n in indexes}
    made.close()


def test_every_revision_follows_the_one_before_and_every_sql_file_belongs_to_one() -> None:
    names = sorted(path.stem for path in VERSIONS.glob("[0-9]*.py"))
    for before, name in zip([None, *names], names, strict=False):
        source = (VERSIONS / f"{name}.py").read_text()
        assert f'revision = "{name}"' in source
        assert (f'down_revision = "{before}"' if before else "down_revision = None") in source
    by_database = [{path.stem for path in folder.glob("*")} for folder in (MIGRATIONS, POSTGRES_MIGRATIONS)]
    assert by_database[0] | by_database[1] == set(names)


def test_an_old_database_is_migrated_and_keeps_its_rows(empty: sqlite3.Connection) -> None:
    first = min(path.stem for path in VERSIONS.glob("[0-9]*.py"))
    upgrade(empty, first)
    empty.execute("INSERT INTO chat_aliases VALUES ('i', 'a', 'b')")
    migrate(empty)
    assert revision(empty) == head()
    assert empty.execute("SELECT alias FROM chat_aliases").fetchall() == [("a",)]


def test_a_newer_database_is_refused(empty: sqlite3.Connection) -> None:
    create(empty)
    empty.execute("UPDATE alembic_version SET version_num = '9999_later'")
    with pytest.raises(StorageError) as refused:
        migrate(empty)
    assert refused.value.fault is DATABASE_TOO_NEW


def test_opening_an_up_to_date_database_imports_no_migration_tool(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from waypost.storage.sqlite.database import opened\n"
        "async def main():\n"
        "    async with opened(Path(sys.argv[1])): pass\n"
        "asyncio.run(main()); asyncio.run(main())\n"
        "assert not {'alembic', 'sqlalchemy'} & set(sys.modules)\n"
    )
    run([sys.executable, "-c", code, str(tmp_path / "waypost.db")], check=True, timeout=30)
