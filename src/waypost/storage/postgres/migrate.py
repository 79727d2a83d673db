"""A new database gets all migrations as SQL at once, an up-to-date one is left alone; only an older one is
migrated by Alembic, which is slow to import.

Nodes that start together wait for each other: whoever holds the lock migrates, the others find it done.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import psycopg

from waypost.errors import DATABASE_TOO_NEW, DATABASE_UNSAFE, StorageError
from waypost.storage.migrations.chain import head
from waypost.storage.postgres.target import Target

MIGRATIONS: Final = Path(__file__).parent / "migrations"
# Any number, as long as all releases have the same.
LOCK: Final = "SELECT pg_advisory_xact_lock(24664743716057972)"
_WAIT_SECONDS: Final = 120.0
# Not to_regclass(): what it found missing it remembers until the next transaction, also while another process
# makes it.
_IS_MIGRATED: Final = """
SELECT 1 FROM pg_catalog.pg_tables
WHERE tablename = 'alembic_version' AND schemaname = ANY (current_schemas(false))
"""


def migrate(target: Target) -> None:
    """Bring the database to `head()`, all or nothing.

    Raises StorageError: DATABASE_TOO_NEW when it is beyond that, DATABASE_UNSAFE when the server answers
    commits before they are on disk. Raises psycopg.Error.
    """
    with target.within(_WAIT_SECONDS).straight.connect() as connection:
        _check(connection)
        if revision(connection) is None:
            _create(connection)
        found = revision(connection) or ""
        if found > head():
            raise StorageError(DATABASE_TOO_NEW, f"It is at {found}, this release knows {head()}.")
        if found < head():
            from waypost.storage.migrations.runner import upgrade_postgres

            upgrade_postgres(connection, head(), LOCK)


def _create(connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
    """Make everything at once, unless somebody has done so while we waited."""
    connection.execute("BEGIN")
    try:
        connection.execute(LOCK)
        if revision(connection) is None:
            create(connection, head())
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def revision(connection: "psycopg.Connection[tuple[Any, ...]]") -> str | None:
    """The revision a database is at; None when it is new."""
    if connection.execute(_IS_MIGRATED).fetchone() is None:
        return None
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone()
    return None if row is None else str(row[0])


def create(connection: "psycopg.Connection[tuple[Any, ...]]", until: str) -> None:
    """Make the tables of all revisions up to `until` in an empty database, and stamp it; in the caller's
    transaction.
    """
    for file in sorted(MIGRATIONS.glob("*.sql")):
        if file.stem <= until:
            for statement in split(file.read_text(encoding="utf-8")):
                connection.execute(statement)
    connection.execute(
        "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
        "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
    )
    connection.execute("INSERT INTO alembic_version VALUES (%s)", (until,))


def split(script: str) -> Iterator[str]:
    """The statements of a migration: each ends with a semicolon at the end of a line. The body of a function,
    which has some of its own, is between $$ and $$.
    """
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if re.search(r";\s*$", line) and statement.count("$$") % 2 == 0:
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"not a whole statement: {statement.strip()[:80]}")


def _check(connection: "psycopg.Connection[tuple[Any, ...]]") -> None:
    row = connection.execute("SELECT current_setting('synchronous_commit')").fetchone()
    if row == ("off",):
        raise StorageError(DATABASE_UNSAFE)
