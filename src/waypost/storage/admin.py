"""What an operator changes in the database itself, beside running gateways."""

import sqlite3
from pathlib import Path

from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.storage.sqlite.connection import connect_writer
from waypost.storage.sqlite.dialect import SqliteDialect
from waypost.storage.tokens import reset_admins


def reset_admins_of_file(path: Path, secret_sha256: bytes, at: float) -> int:
    """Replace all admin tokens by a new one in a SQLite database; its number. Raises StorageError."""
    connection = connect_writer(path)
    try:
        with connection:
            connection.execute("BEGIN IMMEDIATE")
            return reset_admins(connection, SqliteDialect(), secret_sha256, at)
    except sqlite3.Error as error:
        raise StorageError(STORAGE_UNAVAILABLE, f"{error}.") from error
    finally:
        connection.close()


def reset_admins_of_server(url: str, secret_sha256: bytes, at: float) -> int:
    """The same in PostgreSQL. Raises StorageError."""
    import psycopg

    from waypost.storage.postgres.dialect import PostgresDialect
    from waypost.storage.postgres.link import Link
    from waypost.storage.postgres.target import Target
    from waypost.storage.postgres.transactions import WRITE

    # Right through a pooler too, which is told from the server by nothing that could be seen here.
    link = Link(Target(url, direct=url), WRITE)
    try:
        number = reset_admins(link.begin(), PostgresDialect(), secret_sha256, at)
        link.commit()
        return number
    except psycopg.Error as error:
        raise StorageError(STORAGE_UNAVAILABLE, str(error).partition("\n")[0]) from error
    finally:
        link.close()
