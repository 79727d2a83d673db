import asyncio
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from waypost.errors import STORAGE_UNAVAILABLE, StorageError

if TYPE_CHECKING:
    from obstore.store import ObjectStore

_CHUNK_BYTES: Final = 1024 * 1024
_LISTED: Final = 500


class ObjectDepot:
    """Implements `media.shared_blobs.Depot` in an object store: one object per upload, named by its id."""

    def __init__(self, url: str) -> None:
        """`url` is s3://bucket/prefix; region, endpoint and keys are the usual AWS_* variables. Raises
        StorageError when it can't be read.
        """
        from obstore.exceptions import BaseError
        from obstore.store import from_url

        try:
            self._store: ObjectStore = from_url(url)
        except (BaseError, ValueError) as error:
            raise StorageError(STORAGE_UNAVAILABLE, "WAYPOST_BLOBS_URL can't be used.") from error

    async def store(self, blob_id: str, source: Path) -> None:
        """Keep the file at `source`; larger ones go in parts."""
        import obstore

        async with _told():
            await obstore.put_async(self._store, blob_id, source)

    async def fetch(self, blob_id: str, target: Path) -> bool:
        """Write the file to `target`; False when it is not kept."""
        import obstore

        async with _told():
            try:
                found = await obstore.get_async(self._store, blob_id)
            except FileNotFoundError:
                return False
            with await asyncio.to_thread(target.open, "wb") as file:
                async for chunk in found.stream(_CHUNK_BYTES):
                    await asyncio.to_thread(file.write, chunk)
        return True

    async def delete(self, blob_id: str) -> None:
        """Remove the file."""
        import obstore

        async with _told():
            try:
                await obstore.delete_async(self._store, blob_id)
            except FileNotFoundError:
                return

    async def sweep(self, known: Container[str], is_old: Callable[[str], bool]) -> int:
        """Remove the files whose id is not `known` and that are old."""
        import obstore

        removed = 0
        async with _told():
            async for portion in obstore.list(self._store, chunk_size=_LISTED):
                names = [one["path"] for one in portion if one["path"] not in known and is_old(one["path"])]
                if names:
                    await obstore.delete_async(self._store, names)
                removed += len(names)
        return removed


@asynccontextmanager
async def _told() -> AsyncIterator[None]:
    """Translates the store's errors, whose texts may hold addresses and keys."""
    from obstore.exceptions import BaseError

    try:
        yield
    except (BaseError, OSError) as error:
        raise StorageError(STORAGE_UNAVAILABLE, f"The object store says {type(error).__name__}.") from error
