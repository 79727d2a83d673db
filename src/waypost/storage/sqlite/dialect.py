from collections.abc import Iterable, Mapping, Sequence
from itertools import chain
from pathlib import Path
from typing import Any, Final

from waypost.nodes.notices import Notice
from waypost.storage.database import Connection
from waypost.storage.statements import statements

_QUERIES: Final = Path(__file__).parent / "queries"
# Rows per statement: a statement of each size up to this stays compiled.
_ROWS: Final = 32


class SqliteDialect:
    """Implements `storage.database.Dialect`."""

    shared = False

    def statements(self, aggregate: str) -> Mapping[str, str]:
        """The statements of one aggregate by name."""
        return statements(aggregate, _QUERIES)

    def publish(self, connection: Connection, notices: Iterable[Notice]) -> None:
        """There is nobody else."""

    def lock(self, connection: Connection, name: str) -> None:
        """There is one writer."""

    def try_lock(self, connection: Connection, name: str) -> bool:  # noqa: ARG002 - the port's signature
        """There is one writer."""
        return True

    def insert(self, connection: Connection, sql: str, rows: Sequence[tuple[Any, ...]]) -> Sequence[int]:
        """Insert many rows by a statement that ends with its VALUES. Each one's number is one more than the
        largest there is, and nobody else writes meanwhile.
        """
        head, word, one = sql.rpartition("VALUES ")
        for start in range(0, len(rows), _ROWS):
            part = rows[start : start + _ROWS]
            values = tuple(chain.from_iterable(part))
            connection.execute(f"{head}{word}{', '.join([one] * len(part))}", values)
        if not rows:
            return []
        last = connection.execute("SELECT last_insert_rowid()").fetchone()[0]
        return range(last - len(rows) + 1, last + 1)
