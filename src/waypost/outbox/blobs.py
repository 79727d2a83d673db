from collections.abc import Callable, Container
from typing import Protocol


class BlobFiles(Protocol):
    """The files of larger uploads, as far as the outbox has to do with them: it takes them away."""

    async def delete(self, blob_id: str) -> None:
        """Remove the file; no-op when it is gone. Raises StorageError."""
        ...

    async def sweep(self, known: Container[str], is_old: Callable[[str], bool]) -> int:
        """Remove the files whose id is not `known` and that are old, which is asked of each."""
        ...
