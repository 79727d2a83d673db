"""The server as the engine's library is told of it: Go's driver for PostgreSQL (lib/pq), not libpq."""

from typing import Any, Final
from urllib.parse import quote, urlencode

from waypost.storage.postgres.target import Target

# Words of libpq's that lib/pq knows too (its Config); any other it would hand to the server as a setting.
_KNOWN: Final = (
    "host", "hostaddr", "port", "user", "password", "sslmode", "sslcert", "sslkey", "sslrootcert",
    "options", "target_session_attrs",
)  # fmt: skip
# A process that is halted within a transaction has a moment only: less than the margin by which sessions end
# before their lease, so that what was begun under a lease is never committed after it.
_IDLE_MS: Final = 1000
_STATEMENT_MS: Final = 10_000


class EngineAddress:
    """Made once, from what libpq made of the address, its environment and its password file."""

    def __init__(self, parameters: dict[str, Any]) -> None:
        self._parameters = {name: str(parameters[name]) for name in _KNOWN if parameters.get(name)}
        self._database = str(parameters.get("dbname") or parameters.get("user") or "postgres")
        # lib/pq would insist on TLS where libpq takes what it gets.
        self._parameters.setdefault("sslmode", "prefer")

    def name(self, schema: str, epoch: int | None) -> str:
        """By which the library opens the tables in `schema` (a quoted name); holds the password.

        The library tries every name as that of a SQLite file first: one in a folder `postgresql:` that is not
        there, and with the password among what is no part of a file's name.
        """
        settings = {
            "application_name": "waypost-engine",
            "connect_timeout": "5",
            "search_path": schema,
            "idle_in_transaction_session_timeout": str(_IDLE_MS),
            "statement_timeout": str(_STATEMENT_MS),
        }
        if epoch is not None:
            settings["waypost.epoch"] = str(epoch)
        words = urlencode({**self._parameters, **settings}, quote_via=quote)
        return f"postgresql:///{quote(self._database, safe='')}?{words}"


def engine_address(target: Target) -> EngineAddress:
    """The server itself, past any pooler, where a connection keeps its settings. Blocking; raises
    psycopg.Error."""
    with target.straight.connect() as connection:
        info = connection.info
        return EngineAddress({**info.get_parameters(), "password": info.password})
