"""Where the database is, and how a connection to it is made. The address may hold a password: never shown."""

from dataclasses import dataclass, field
from typing import Any, Final

import psycopg
from psycopg.conninfo import conninfo_to_dict

# What an operator writes into the address wins over all of this.
_DEFAULTS: Final[dict[str, Any]] = {
    "application_name": "waypost",
    "connect_timeout": 5,
    # A server that vanished without a word is noticed within seconds; an idle connection is kept in the
    # tables of firewalls.
    "keepalives_idle": 10,
    "keepalives_interval": 3,
    "keepalives_count": 3,
    "tcp_user_timeout": 10_000,
    # After a failover the address may still lead to what is a standby now.
    "target_session_attrs": "read-write",
}


@dataclass(frozen=True, slots=True)
class Target:
    """The server. With `direct`, `url` leads to a pooler in transaction mode, which keeps no session.

    `patience` is how long a statement may take, in seconds.
    """

    url: str = field(repr=False)
    direct: str = field(default="", repr=False)
    patience: float = 10.0

    @property
    def pooled(self) -> bool:
        """Whether nothing may be left behind in a session."""
        return bool(self.direct)

    @property
    def straight(self) -> "Target":
        """The server itself, for what needs a session: LISTEN."""
        return Target(self.direct or self.url, patience=self.patience)

    def within(self, patience: float) -> "Target":
        """The same, for statements that may take less or more."""
        return Target(self.url, self.direct, patience)

    def conninfo(self) -> dict[str, Any]:
        """What libpq is told. Raises psycopg.ProgrammingError when the address can't be read."""
        given: dict[str, Any] = {**_DEFAULTS, **conninfo_to_dict(self.url)}
        if not self.pooled:
            timeouts = f"-c statement_timeout={self._ms} -c idle_in_transaction_session_timeout={self._ms}"
            given["options"] = f"{timeouts} {given.get('options', '')}".rstrip()
        return given

    def begin(self, mode: str) -> str:
        """What begins a transaction; a node that is halted within one lets go of its locks all the same."""
        if not self.pooled:
            return f"BEGIN {mode}"
        return (
            f"BEGIN {mode}; SET LOCAL statement_timeout = {self._ms};"
            f" SET LOCAL idle_in_transaction_session_timeout = {self._ms}"
        )

    def connect(self) -> "psycopg.Connection[tuple[Any, ...]]":
        """Connect; transactions are begun by hand. Raises psycopg.Error."""
        return psycopg.connect(
            **self.conninfo(),
            autocommit=True,
            # A prepared statement belongs to a session.
            prepare_threshold=None if self.pooled else 5,
        )

    @property
    def _ms(self) -> int:
        return round(self.patience * 1000)
