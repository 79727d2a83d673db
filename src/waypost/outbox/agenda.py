import heapq
from collections.abc import Container


class Agenda:
    """When to look at which request again. Entries of requests that are gone cost nothing for long."""

    def __init__(self) -> None:
        self._times: list[tuple[float, str]] = []

    def at(self, when: float, uuid: str) -> None:
        """Look at `uuid` at `when` (seconds since the epoch), beside what is noted of it already."""
        heapq.heappush(self._times, (when, uuid))

    def due(self, now: float) -> list[str]:
        """Take out whoever's time has come."""
        found = []
        while self._times and self._times[0][0] <= now:
            found.append(heapq.heappop(self._times)[1])
        return found

    def next(self) -> float | None:
        """The earliest time that is noted."""
        return self._times[0][0] if self._times else None

    def forget_others(self, kept: Container[str], count: int) -> None:
        """Drop notes of requests not in `kept` (of `count`) once they are the larger part."""
        if len(self._times) > 64 + 4 * count:
            self._times = [note for note in self._times if note[1] in kept]
            heapq.heapify(self._times)
