import os
from typing import Any

from waypost.chats.store import FileKey, StoredFile
from waypost.storage.database import Connection, Database


class SqlMedia:
    """Implements `chats.store.FileStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("media")

    async def secret_key(self) -> bytes:
        """The secret of this database, made when there is none yet."""

        def unit(connection: Connection) -> bytes:
            connection.execute(self._sql["make_key"], {"secret_key": os.urandom(32)})
            return bytes(connection.execute(self._sql["key"]).fetchone()[0])

        return await self._database.write(unit)

    async def hold(self, instance_id: str, uuid: str, blob_id: str, size: int, at: float) -> bool:
        """Keep the file of a message that has not left yet."""
        names = {"instance_id": instance_id, "uuid": uuid, "blob_id": blob_id, "size": size, "at": at}
        return await self._database.write(lambda c: c.execute(self._sql["hold"], names).rowcount) == 1

    async def waiting(self) -> list[str]:
        """The instances with files that are to be downloaded."""
        rows = await self._database.read(lambda c: c.execute(self._sql["waiting"]).fetchall())
        return [instance_id for (instance_id,) in rows]

    async def due(self, instance_id: str, now: float, limit: int) -> list[StoredFile]:
        """Files of an instance that are to be downloaded now."""
        names = {"instance_id": instance_id, "now": now, "limit": limit}
        rows = await self._database.read(lambda c: c.execute(self._sql["due"], names).fetchall())
        return [file_of(row) for row in rows]

    async def next_due(self) -> float | None:
        """When the next download is to be tried."""
        row = await self._database.read(lambda c: c.execute(self._sql["next_due"]).fetchone())
        return None if row is None or row[0] is None else float(row[0])

    async def put_off(self, key: FileKey, at: float, attempts: int) -> None:
        """Try again then."""
        await self._change("put_off", key, at=at, attempts=attempts)

    async def there(self, key: FileKey, blob_id: str, size: int) -> bool:
        """It was downloaded; False when nobody wants it any more."""
        return await self._change("there", key, blob_id=blob_id, size=size) > 0

    async def failed(self, key: FileKey, error: str) -> None:
        """It can't be had."""
        await self._change("failed", key, error=error)

    async def find(self, key: FileKey) -> StoredFile | None:
        """The file of a message."""
        names = names_of(key)
        row = await self._database.read(lambda c: c.execute(self._sql["find"], names).fetchone())
        return None if row is None else file_of(row)

    async def of_blob(self, instance_id: str, blob_id: str) -> StoredFile | None:
        """The file that lies in a blob."""
        names = {"instance_id": instance_id, "blob_id": blob_id}
        row = await self._database.read(lambda c: c.execute(self._sql["of_blob"], names).fetchone())
        return None if row is None else file_of(row)

    async def forget_older(self, than: float, limit: int) -> tuple[int, list[str]]:
        """Forget files of messages that came before `than`."""
        names = {"than": than, "limit": limit}
        rows = await self._database.write(lambda c: c.execute(self._sql["forget_older"], names).fetchall())
        return len(rows), [blob_id for (blob_id,) in rows if blob_id is not None]

    async def _change(self, statement: str, key: FileKey, **values: Any) -> int:
        names = names_of(key) | values
        return await self._database.write(
            lambda connection: connection.execute(self._sql[statement], names).rowcount
        )


def names_of(key: FileKey) -> dict[str, Any]:
    """A file's name as parameters."""
    return {"instance_id": key.instance_id, "message_id": key.message_id, "sender": key.sender}


def file_of(row: tuple[Any, ...]) -> StoredFile:
    """A row of `find` and others."""
    return StoredFile(
        key=FileKey(row[0], row[1], row[2]),
        state=row[3],
        mimetype=row[4],
        filename=row[5],
        size=row[6],
        blob_id=row[7],
        error=row[8],
        attempts=row[9],
        next_attempt_at=row[10],
    )
