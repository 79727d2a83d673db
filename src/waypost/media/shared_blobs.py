"""Files of requests that any node may have to send: received on the local disk, kept where all can read.

The local file is no more than a stop on the way, as large uploads come in slowly and may be refused at the
last byte; the depot gets them whole and hashed.
"""

from collections.abc import AsyncIterable, Callable, Container
from pathlib import Path
from typing import Protocol

from waypost.media.blobs import LocalBlobs, StoredFile


class Depot(Protocol):
    """Where files are that all nodes can read. Every method raises StorageError."""

    async def store(self, blob_id: str, source: Path) -> None:
        """Keep the file at `source`; it is durable when this returns."""
        ...

    async def fetch(self, blob_id: str, target: Path) -> bool:
        """Write the file to `target`; False when it is not kept."""
        ...

    async def delete(self, blob_id: str) -> None:
        """Remove the file; no-op when it is gone."""
        ...

    async def sweep(self, known: Container[str], is_old: Callable[[str], bool]) -> int:
        """Remove the files whose id is not `known` and that are old, which is asked of each."""
        ...


class SharedBlobs:
    """Uploads on their way to `depot`, through a folder of this node."""

    def __init__(self, local: LocalBlobs, depot: Depot) -> None:
        self._local = local
        self._depot = depot

    async def put(self, chunks: AsyncIterable[bytes], max_bytes: int) -> StoredFile:
        """Keep a stream durably. Raises ApiError(TOO_LARGE), StorageError, and whatever the stream raises."""
        received = await self._local.put(chunks, max_bytes)
        try:
            await self._depot.store(received.blob_id, self._local.path_of(received.blob_id))
        finally:
            await self._local.delete(received.blob_id)
        return received

    async def file(self, blob_id: str, scratch: Path) -> Path | None:
        """Bring the file to `scratch`; None when it is gone. Raises StorageError."""
        return scratch if await self._depot.fetch(blob_id, scratch) else None

    async def delete(self, blob_id: str) -> None:
        """Remove a file; no-op when it is gone. Raises StorageError."""
        await self._depot.delete(blob_id)

    async def sweep(self, known: Container[str], is_old: Callable[[str], bool]) -> int:
        """Remove the files that are old and not `known`, and what a crash left here."""
        # The file on its way has the id that it will have in the depot, where it may be known.
        await self._local.sweep(frozenset(), lambda name: is_old(f"here/{name}"))
        return await self._depot.sweep(known, is_old)
