import heapq
from collections.abc import Callable
from itertools import count

from waypost.outbox.entry import Entry


class Line:
    """Entries that may begin a phase, oldest first. One that left the phase by another way is passed over."""

    def __init__(self) -> None:
        self._heap: list[tuple[int, int, Entry]] = []
        self._members: set[Entry] = set()
        self._tie = count()

    def __len__(self) -> int:
        """How many, those that are passed over included."""
        return len(self._heap)

    def add(self, entry: Entry) -> None:
        """Take in `entry` once."""
        if entry not in self._members:
            self._members.add(entry)
            heapq.heappush(self._heap, (entry.request.seq, next(self._tie), entry))

    def first(self, fits: Callable[[Entry], bool]) -> Entry | None:
        """The oldest that still fits; those before it leave."""
        while self._heap:
            entry = self._heap[0][2]
            if fits(entry):
                return entry
            self.pop()
        return None

    def pop(self) -> None:
        """Take the first out."""
        self._members.discard(heapq.heappop(self._heap)[2])
