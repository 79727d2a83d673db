import asyncio
from collections.abc import Container
from pathlib import Path
from typing import Final

from waypost.storage.database import Connection, Database

# What is in memory of a file at any time: little beside a commit's other rows, much beside a round trip.
CHUNK_BYTES: Final = 512 * 1024
_SWEEP: Final = 100


class ChunkDepot:
    """Implements `media.shared_blobs.Depot`: rows of at most 512 kB, read and written one by one.

    A file of which not all is there belongs to nobody: its request is accepted after the last chunk.
    """

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("chunks")

    async def store(self, blob_id: str, source: Path) -> None:
        """Keep the file at `source`."""
        number, data = 0, await asyncio.to_thread(_piece, source, 0)
        while data or number == 0:
            names = {"blob_id": blob_id, "number": number, "data": data}
            await self._database.write(lambda c, names=names: c.execute(self._sql["put"], names).rowcount)  # type: ignore[misc]
            number += 1
            data = await asyncio.to_thread(_piece, source, number)

    async def fetch(self, blob_id: str, target: Path) -> bool:
        """Write the file to `target`, as it was at one moment; False when it is not kept."""

        def query(connection: Connection) -> bool:
            number = 0
            with target.open("wb") as file:
                while row := connection.execute(
                    self._sql["get"], {"blob_id": blob_id, "number": number}
                ).fetchone():
                    file.write(row[0])
                    number += 1
            return number > 0

        return await self._database.read(query)

    async def delete(self, blob_id: str) -> None:
        """Remove the file."""
        names = {"blob_id": blob_id}
        await self._database.write(lambda c: c.execute(self._sql["delete"], names).rowcount)

    async def sweep(self, older_than: float, known: Container[str]) -> int:  # noqa: ARG002
        """Remove files that no request has; the database knows that better than a list from a moment ago."""
        names = {"before": f"{int(older_than * 1_000_000):014x}", "limit": _SWEEP}
        removed, portion = 0, _SWEEP
        while portion == _SWEEP:
            rows = await self._database.write(lambda c: c.execute(self._sql["sweep"], names).fetchall())
            portion = sum(first for (first,) in rows)
            removed += portion
        return removed


def _piece(source: Path, number: int) -> bytes:
    with source.open("rb") as file:
        file.seek(number * CHUNK_BYTES)
        return file.read(CHUNK_BYTES)
