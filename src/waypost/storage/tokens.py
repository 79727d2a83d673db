from collections.abc import Sequence
from typing import Any

from waypost.access.token import Scope, Token
from waypost.storage.database import Connection, Database, Dialect


class SqlTokens:
    """Implements `access.tokens.TokenStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("tokens")

    async def add(
        self,
        secret_sha256: bytes,
        scopes: Sequence[Scope],
        instance_id: str | None,
        name: str,
        at: float,
        number: int | None,
    ) -> Token | None:
        """Keep a new token; its number is the next one unless given. None when that number is taken."""
        row = (number, secret_sha256, " ".join(scopes), instance_id, name, at)
        return await self._database.write(lambda connection: self._insert(connection, row))

    async def add_first_admin(self, secret_sha256: bytes, name: str, at: float) -> Token | None:
        """Keep an admin token if there is none."""

        def insert(connection: Connection) -> Token | None:
            self._database.dialect.lock(connection, "first admin token")
            if any(_token(row).is_admin for row in connection.execute(self._sql["all"]).fetchall()):
                return None
            return self._insert(connection, (None, secret_sha256, "admin", None, name, at))

        return await self._database.write(insert)

    def _insert(self, connection: Connection, row: tuple[Any, ...]) -> Token | None:
        given = connection.execute(self._sql["add"], row).fetchone()
        # A generated number may be one that was brought along; the next is another.
        while given is None and row[0] is None:
            given = connection.execute(self._sql["add"], row).fetchone()
        return None if given is None else _token((given[0], *row[1:]))

    async def get(self, number: int) -> Token | None:
        """The token with that number."""
        row = await self._database.read(
            lambda connection: connection.execute(self._sql["get"], (number,)).fetchone()
        )
        return None if row is None else _token(row)

    async def list(self) -> list[Token]:
        """All tokens, by number."""
        rows = await self._database.read(lambda connection: connection.execute(self._sql["all"]).fetchall())
        return [_token(row) for row in rows]

    async def delete(self, number: int) -> bool:
        """Forget a token; False when there was none."""
        return await self._database.write(
            lambda connection: connection.execute(self._sql["delete"], (number,)).rowcount > 0
        )


def reset_admins(connection: Connection, dialect: Dialect, secret_sha256: bytes, at: float) -> int:
    """Replace all admin tokens by one new one; returns its number. Within a transaction of the caller's."""
    sql = dialect.statements("tokens")
    connection.execute(sql["delete_admins"])
    row = (None, secret_sha256, "admin", None, "admin", at)
    given: tuple[int] | None = None
    while given is None:
        given = connection.execute(sql["add"], row).fetchone()
    return given[0]


def _token(row: tuple[Any, ...]) -> Token:
    return Token(
        number=row[0],
        secret_sha256=row[1],
        scopes=tuple(row[2].split()),
        instance_id=row[3],
        name=row[4],
        created_at=row[5],
    )
