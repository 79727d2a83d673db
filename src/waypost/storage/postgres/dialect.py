import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

import msgspec

from waypost.nodes.notices import Notice
from waypost.storage.database import Connection
from waypost.storage.postgres.link import PostgresConnection
from waypost.storage.statements import statements

_QUERIES: Final = Path(__file__).parent / "queries"
_NAME: Final = re.compile(r"(?<![:\w]):(\w+)")


class PostgresDialect:
    """Implements `storage.database.Dialect`."""

    shared = True

    def statements(self, aggregate: str) -> Mapping[str, str]:
        """The statements of one aggregate by name; parameters are written as in SQLite."""
        return {name: translated(sql) for name, sql in statements(aggregate, _QUERIES).items()}

    def publish(self, connection: Connection, notices: Iterable[Notice]) -> None:
        """Have all nodes told once this is committed."""
        assert isinstance(connection, PostgresConnection)
        connection.notices.update(dict.fromkeys(msgspec.json.encode(notice).decode() for notice in notices))

    def lock(self, connection: Connection, name: str) -> None:
        """Keep others who lock `name` waiting until the commit."""
        connection.execute("SELECT pg_advisory_xact_lock(hashtextextended(%s, 0))", (name,))

    def try_lock(self, connection: Connection, name: str) -> bool:
        """Keep others from what is locked as `name` until the commit; False when somebody has it."""
        sql = "SELECT pg_try_advisory_xact_lock(hashtextextended(%s, 0))"
        return bool(connection.execute(sql, (name,)).fetchone()[0])

    def insert(self, connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> Sequence[int]:
        """Insert many rows, which go as an array for each column: one statement for any number of them."""
        if not rows:
            return []
        done = connection.execute(sql, [list(column) for column in zip(*rows, strict=True)])
        return [row[0] for row in done.fetchall()] if "RETURNING" in sql else []


def translated(sql: str) -> str:
    """`:name` and `?` as psycopg has them. Raises ValueError for a % of its own."""
    if "%" in sql:
        raise ValueError(f"a percent sign in: {sql[:80]}")
    return _NAME.sub(r"%(\1)s", sql).replace("?", "%s")
