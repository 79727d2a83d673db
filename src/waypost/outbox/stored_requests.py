from collections.abc import Awaitable, Callable
from typing import Protocol

from waypost.outbox.entry import Entry
from waypost.outbox.holdings import Holdings
from waypost.outbox.store import OutboxStore, Unfinished

Read = Callable[[], Awaitable[list[Unfinished]]]


class Repeat(Protocol):
    """Repeats a call until the database answers."""

    def __call__(self, read: Read, /) -> Awaitable[list[Unfinished]]: ...


class StoredRequests:
    """Implements `outbox.reading.Source` for one instance: nothing while another process holds it."""

    def __init__(self, store: OutboxStore, holdings: Holdings, instance_id: str, repeat: Repeat) -> None:
        self._store = store
        self._holdings = holdings
        self._instance_id = instance_id
        self._repeat = repeat

    async def of_any(self, since: int, without: list[str], limit: int) -> list[Entry]:
        """From `since` on, those of the chats `without` left out."""
        for tenure in self._holdings.tenures([self._instance_id]):
            return _entries(
                await self._repeat(lambda: self._store.upcoming(tenure, since, without, limit))  # noqa: B023
            )
        return []

    async def of_chats(self, chats: list[tuple[str, int]], limit: int) -> list[Entry]:
        """Of each chat from a number on, at most `limit`."""
        for tenure in self._holdings.tenures([self._instance_id]):
            return _entries(
                await self._repeat(lambda: self._store.upcoming_of_chats(tenure, chats, limit))  # noqa: B023
            )
        return []


def _entries(unfinished: list[Unfinished]) -> list[Entry]:
    """A send that had begun when its row was read was begun by another process."""
    return [Entry(one.request, one.steps, recovered=True) for one in unfinished]
