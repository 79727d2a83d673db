"""How many connections PostgreSQL has to allow.

A session's store has a pool of the library's own, whose size nothing in its address can bound (Go's
database/sql): so it is counted, and a server that could not serve all of them is refused before a message
depends on it.
"""

import math
from dataclasses import dataclass
from typing import Any, Final

from waypost.errors import DATABASE_TOO_SMALL, StorageError
from waypost.storage.postgres.target import Target

# Measured: every session keeps two (database/sql keeps that many idle), and of eight that sent, received and
# asked at once one had a third for a moment.
_OF_A_SESSION: Final = 2
_SESSIONS_WITH_A_THIRD: Final = 4
_FOR_NOTICES: Final = 1

_QUERY: Final = """
SELECT
    least(
        CAST(current_setting('max_connections') AS integer)
        - CAST(current_setting('superuser_reserved_connections') AS integer)
        - CAST(coalesce(current_setting('reserved_connections', true), '0') AS integer),
        (SELECT nullif(datconnlimit, -1) FROM pg_database WHERE datname = current_database()),
        (SELECT nullif(rolconnlimit, -1) FROM pg_roles WHERE rolname = current_user)
    ),
    (SELECT count(*) FROM leases),
    (SELECT count(*) FROM nodes WHERE seen_at > now() - interval '10 seconds')
"""


@dataclass(frozen=True, slots=True)
class Connections:
    """What the server allows to us, and what `instances` on `nodes` need when all are busy."""

    allowed: int
    instances: int
    nodes: int
    of_a_node: int

    @property
    def needed(self) -> int:
        """At most, all together."""
        sessions = self.instances * _OF_A_SESSION + math.ceil(self.instances / _SESSIONS_WITH_A_THIRD)
        return sessions + self.nodes * (self.of_a_node + _FOR_NOTICES)

    def check(self) -> None:
        """Raises StorageError(DATABASE_TOO_SMALL)."""
        if self.needed > self.allowed:
            raise StorageError(
                DATABASE_TOO_SMALL,
                f"Instances: {self.instances}, nodes: {self.nodes}. They need up to {self.needed} "
                f"connections, and Waypost may have {self.allowed}.",
            )


def connections(target: Target, of_a_node: int) -> Connections:
    """Count, with one more node: this one, before it is known. Blocking; raises psycopg.Error."""
    with target.straight.connect() as connection:
        row: Any = connection.execute(_QUERY).fetchone()
    return Connections(allowed=row[0], instances=row[1], nodes=row[2] + 1, of_a_node=of_a_node)
