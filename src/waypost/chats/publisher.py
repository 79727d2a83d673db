from collections.abc import Sequence
from typing import Protocol

from waypost.events import Event


class Publisher(Protocol):
    """Who keeps events and brings them to those who subscribed."""

    async def publish(self, events: Sequence[Event]) -> None:
        """Keep events durably, each key of an instance once; returning means committed. Raises
        StorageError."""
        ...
