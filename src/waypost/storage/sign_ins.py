from waypost.access.sign_ins import StoredSignIn
from waypost.storage.database import Connection, Database


class SqlSignIns:
    """Implements `access.sign_ins.SignInStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("sign_ins")

    async def add(self, sign_in: StoredSignIn, created_before: float, seen_before: float) -> None:
        """Keep a new one, and forget those that began or were seen last before these times."""
        names = {
            "secret_sha256": sign_in.secret_sha256,
            "token": sign_in.token,
            "token_sha256": sign_in.token_sha256,
            "at": sign_in.created_at,
        }

        def unit(connection: Connection) -> None:
            old = {"created_before": created_before, "seen_before": seen_before}
            connection.execute(self._sql["end_old"], old)
            connection.execute(self._sql["add"], names)

        await self._database.write(unit)

    async def get(self, secret_sha256: bytes) -> StoredSignIn | None:
        """The one with that secret."""
        names = {"secret_sha256": secret_sha256}
        row = await self._database.read(lambda c: c.execute(self._sql["get"], names).fetchone())
        if row is None:
            return None
        return StoredSignIn(
            secret_sha256=secret_sha256,
            token=row[0],
            token_sha256=bytes(row[1]),
            created_at=row[2],
            seen_at=row[3],
        )

    async def seen(self, secret_sha256: bytes, at: float) -> None:
        """It was used then."""
        names = {"secret_sha256": secret_sha256, "at": at}
        await self._database.write(lambda c: c.execute(self._sql["seen"], names))

    async def end(self, secret_sha256: bytes) -> None:
        """Forget it."""
        names = {"secret_sha256": secret_sha256}
        await self._database.write(lambda c: c.execute(self._sql["end"], names))
