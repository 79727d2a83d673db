"""What `waypost doctor` asks a PostgreSQL server, without changing anything there."""

from dataclasses import dataclass
from typing import Any, Final

import psycopg

from waypost.clock import Clock
from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.storage.postgres.connections import Connections, connections
from waypost.storage.postgres.migrate import revision
from waypost.storage.postgres.target import Target

_SETTINGS: Final = """
SELECT
    current_setting('server_version'),
    CAST(current_setting('server_version_num') AS integer),
    current_setting('server_encoding'),
    current_setting('synchronous_commit'),
    has_database_privilege(current_database(), 'CREATE'),
    (SELECT oid FROM pg_database WHERE datname = current_database()),
    pg_postmaster_start_time()
"""
_OUTDATED: Final = """
SELECT i.name FROM conditions AS c INNER JOIN instances AS i ON i.id = c.instance_id
WHERE c.reason = 'outdated' ORDER BY i.name
"""
_OTHER_CLOCK: Final = "SELECT extract(EPOCH FROM clock_timestamp())"


@dataclass(frozen=True, slots=True)
class Server:
    """What a server says of itself. `ahead` is its clock less ours in seconds, `uncertain` by how much that
    may be wrong; `through_pooler` whether somebody stands between.
    """

    version: str
    version_number: int
    encoding: str
    synchronous_commit: str
    may_create: bool
    revision: str | None
    ahead: float
    uncertain: float
    through_pooler: bool
    # Equal for two addresses that lead to the same database.
    identity: tuple[Any, ...]
    outdated: tuple[str, ...]
    connections: Connections | None


def examine(target: Target, of_a_node: int, clock: Clock) -> Server:
    """Ask the server that `target` leads to past any pooler. Raises StorageError with what libpq said, which
    names server and user and no password.
    """
    try:
        with target.straight.connect() as connection:
            row: Any = connection.execute(_SETTINGS).fetchone()
            found = revision(connection)
            began = clock.now()
            told: Any = connection.execute(_OTHER_CLOCK).fetchone()
            ended = clock.now()
            known = found is not None and _is_whole(connection)
            return Server(
                version=row[0],
                version_number=row[1],
                encoding=row[2],
                synchronous_commit=row[3],
                may_create=row[4],
                revision=found,
                ahead=float(told[0]) - (began + ended) / 2,
                uncertain=(ended - began) / 2,
                through_pooler=_through_pooler(connection),
                identity=row[5:],
                outdated=_names(connection) if known else (),
                connections=connections(target, of_a_node) if known else None,
            )
    except psycopg.Error as error:
        raise _unavailable(error) from error


def pooler_identity(target: Target) -> tuple[bool, tuple[Any, ...]]:
    """Whether a pooler is at the first address of a pair, and what `Server.identity` is behind it. Raises
    StorageError.
    """
    try:
        with target.connect() as connection:
            row: Any = connection.execute(_SETTINGS).fetchone()
            return _through_pooler(connection), row[5:]
    except psycopg.Error as error:
        raise _unavailable(error) from error


def refuses_settings(error: StorageError) -> bool:
    """Whether the address leads to a pooler, which takes no settings (PgBouncer's words)."""
    return "unsupported startup parameter" in (error.detail or "")


def _through_pooler(connection: "psycopg.Connection[tuple[Any, ...]]") -> bool:
    """A pooler tells a process id of its own when a connection is made."""
    row: Any = connection.execute("SELECT pg_backend_pid()").fetchone()
    return bool(row[0] != connection.info.backend_pid)


def _is_whole(connection: "psycopg.Connection[tuple[Any, ...]]") -> bool:
    """Whether it knows nodes: databases of the first releases do not yet."""
    row: Any = connection.execute("SELECT to_regclass('conditions') IS NOT NULL").fetchone()
    return bool(row[0])


def _names(connection: "psycopg.Connection[tuple[Any, ...]]") -> tuple[str, ...]:
    return tuple(str(row[0]) for row in connection.execute(_OUTDATED).fetchall())


def _unavailable(error: psycopg.Error) -> StorageError:
    return StorageError(STORAGE_UNAVAILABLE, " ".join(str(error).split()))
