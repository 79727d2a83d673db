"""A new file gets the schema at once, an up-to-date one is left alone; only an older one is migrated by
Alembic.

Importing Alembic and SQLAlchemy costs more than the rest of a gateway's start, so that is done only where
there is something to migrate. A test holds that the schema files and the migrations lead to the same tables.
"""

import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from waypost.errors import DATABASE_TOO_NEW, StorageError
from waypost.storage.migrations.chain import head

SCHEMA: Final = Path(__file__).parent / "schema"
MIGRATIONS: Final = Path(__file__).parent / "migrations"


def migrate(connection: sqlite3.Connection) -> None:
    """Bring the database to `head()`, all or nothing. Raises StorageError(DATABASE_TOO_NEW) when it is beyond
    it.
    """
    found = revision(connection)
    if found == head():
        return
    if found is None:
        create(connection)
    elif found > head():
        raise StorageError(DATABASE_TOO_NEW, f"It is at {found}, this release knows {head()}.")
    else:
        from waypost.storage.migrations.runner import upgrade

        upgrade(connection, head())


def revision(connection: sqlite3.Connection) -> str | None:
    """The revision a database is at; None when it is new."""
    table = connection.execute("SELECT 1 FROM sqlite_master WHERE name = 'alembic_version'").fetchone()
    row = connection.execute("SELECT version_num FROM alembic_version").fetchone() if table else None
    return None if row is None else str(row[0])


def create(connection: sqlite3.Connection) -> None:
    """Make all tables in an empty database and stamp it with `head()`."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        for file in sorted(SCHEMA.glob("*.sql")):
            for statement in split(file.read_text(encoding="utf-8")):
                connection.execute(statement)
        connection.execute(
            "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL, "
            "CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num))"
        )
        connection.execute("INSERT INTO alembic_version VALUES (?)", (head(),))
        connection.execute("COMMIT")
    except BaseException:
        connection.execute("ROLLBACK")
        raise


def split(script: str) -> Iterator[str]:
    """The statements of `script` one by one: `executescript` would commit the transaction they belong to."""
    statement = ""
    for line in script.splitlines(keepends=True):
        statement += line
        if sqlite3.complete_statement(statement):
            yield statement
            statement = ""
    if statement.strip():
        raise ValueError(f"not a whole statement: {statement.strip()[:80]}")
