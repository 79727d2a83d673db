import asyncio
from collections.abc import Callable, Container
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost.storage.database import Connection, Database

# What is in memory of a file at any time: little beside a commit's other rows, much beside a round trip.
CHUNK_BYTES: Final = 512 * 1024
_LISTED: Final = 1_000


@dataclass(frozen=True, slots=True)
class _Portion:
    """Of the files from some id on: those that nobody knows, the last one's id, whether there may be more."""

    unknown: list[str]
    last: str
    full: bool


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

    async def sweep(self, known: Container[str], is_old: Callable[[str], bool]) -> int:
        """Remove the files whose id is not `known` and that are old."""
        removed, after, full = 0, "", True
        while full:
            portion = await self._unknown(after, known)
            for blob_id in filter(is_old, portion.unknown):
                await self.delete(blob_id)
                removed += 1
            after, full = portion.last, portion.full
        return removed

    async def _unknown(self, after: str, known: Container[str]) -> _Portion:
        names = {"after": after, "limit": _LISTED}
        rows = await self._database.read(lambda c: c.execute(self._sql["files"], names).fetchall())
        ids = [blob_id for (blob_id,) in rows]
        unknown = [blob_id for blob_id in ids if blob_id not in known]
        return _Portion(unknown, ids[-1] if ids else after, len(ids) == _LISTED)


def _piece(source: Path, number: int) -> bytes:
    with source.open("rb") as file:
        file.seek(number * CHUNK_BYTES)
        return file.read(CHUNK_BYTES)
