from collections.abc import Container
from typing import Protocol


class BlobFiles(Protocol):
    """The files of larger uploads, as far as the outbox has to do with them: it takes them away."""

    async def delete(self, blob_id: str) -> None:
        """Remove the file; no-op when it is gone. Raises StorageError."""
        ...

    async def sweep(self, older_than: float, known: Container[str]) -> int:
        """Remove files last written before `older_than` (seconds since the epoch) whose id is not `known`."""
        ...
