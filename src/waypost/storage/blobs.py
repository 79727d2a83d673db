from pathlib import Path

from waypost.media.blobs import LocalBlobs
from waypost.media.fresh import FreshUploads
from waypost.media.shared_blobs import SharedBlobs
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


class Uploads:
    """Implements `operations.resources.Uploads`: small files are rows, large ones are apart."""

    def __init__(self, fresh: FreshUploads, rows: InlineBlobs, files: LocalBlobs | SharedBlobs) -> None:
        self._fresh = fresh
        self._rows = rows
        self._files = files

    async def inline(self, blob_id: str) -> bytes | None:
        """The bytes of a small file, asked of the database when it came longer ago."""
        fresh = self._fresh.take(blob_id)
        return fresh if fresh is not None else await self._rows.inline(blob_id)

    async def file(self, blob_id: str, scratch: Path) -> Path | None:
        """Where a large file lies, if it is there."""
        return await self._files.file(blob_id, scratch)
