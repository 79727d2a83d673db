import asyncio
import shutil
from collections.abc import Iterable
from pathlib import Path
from typing import Final

from waypost.clock import Clock
from waypost.storage.database import Database
from waypost.storage.figures import DeliveryFigures, QueueFigure, SqlFigures
from waypost.watching import table
from waypost.watching.facts import Fact

# Counting a long queue takes a reader's time: it is not done more often than this, nor for more than a
# twentieth of the time, however often and by however many the page is asked for.
_AGAIN_SECONDS: Final = 10.0
_SHARE: Final = 20.0
_UNFINISHED: Final = ("queued", "preparing", "sending")


class StorageFacts:
    """How full the queue, the database and the disk are."""

    def __init__(self, database: Database, expires: float, folder: Path, clock: Clock) -> None:
        """`expires`: the time after which requests do; `folder`: of the data."""
        self._database = database
        self._figures = SqlFigures(database)
        self._expires = expires
        self._folder = folder
        self._clock = clock
        self._asking = asyncio.Lock()
        self._asked_at = 0.0
        self._again_at = 0.0
        self._known: tuple[float, list[QueueFigure], DeliveryFigures] | None = None

    async def look(self) -> Iterable[Fact]:
        """What the database holds, asked a moment ago at most. Raises StorageError."""
        async with self._asking:
            if self._known is None or self._clock.monotonic() >= self._again_at:
                await self._ask()
        assert self._known is not None
        at, queue, deliveries = self._known
        # Zeros are told too: an alert that divides by them, or compares, needs a value.
        counts = {(state, held): (0, at) for state in _UNFINISHED for held in (False, True)}
        counts |= {(one.state, one.held): (one.count, one.oldest) for one in queue}
        facts = []
        for (state, held), (count, oldest) in counts.items():
            labels = (state, "yes" if held else "no")
            facts += [Fact(table.QUEUE, count, labels), Fact(table.QUEUE_AGE, max(at - oldest, 0.0), labels)]
        oldest = at if deliveries.oldest is None else deliveries.oldest
        return [
            *facts,
            Fact(table.DELIVERIES, deliveries.pending, ("pending",)),
            Fact(table.DELIVERIES, deliveries.dead, ("dead",)),
            Fact(table.DELIVERY_AGE, max(at - oldest, 0.0)),
            Fact(table.FIGURES_AGE, self._clock.monotonic() - self._asked_at),
        ]

    async def health(self) -> Iterable[Fact]:
        """Whether the database takes what is written."""
        return [Fact(table.DATABASE_HEALTHY, float(self._database.healthy))]

    async def disk(self) -> Iterable[Fact]:
        """Room on the disk. Raises OSError."""
        usage = await asyncio.to_thread(shutil.disk_usage, self._folder)
        return [Fact(table.DISK_FREE, usage.free), Fact(table.DISK_SIZE, usage.total)]

    async def _ask(self) -> None:
        now, began = self._clock.now(), self._clock.monotonic()
        queue = await self._figures.queue(now, self._expires)
        self._known = now, queue, await self._figures.deliveries()
        ended = self._clock.monotonic()
        self._asked_at = began
        self._again_at = ended + max(_AGAIN_SECONDS, (ended - began) * _SHARE)
