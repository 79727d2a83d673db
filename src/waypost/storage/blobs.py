from waypost.storage.database import Database


class InlineBlobs:
    """Small uploads, which are stored in the transaction that accepts their request."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("blobs")

    async def inline(self, blob_id: str) -> bytes | None:
        """The bytes of an upload; None when it is a file of its own or gone."""
        row = await self._database.read(
            lambda connection: connection.execute(self._sql["data"], (blob_id,)).fetchone()
        )
        return None if row is None else row[0]
