import math
from collections import defaultdict, deque
from collections.abc import Mapping
from typing import Final

# Endings by which the pace of an instance is told.
_REMEMBERED: Final = 32
# What a caller of an instance is told that sends nothing just now, and the longest that anybody is told.
_IDLE_SECONDS: Final = 60
_LONGEST_SECONDS: Final = 3_600
# A caller may come back when so much of a full queue is gone: sooner he finds room for one request alone.
_ROOM: Final = 0.05


class Depths:
    """How many requests each instance has unfinished, in memory or not, and how fast they end."""

    def __init__(self) -> None:
        self._of: defaultdict[str, int] = defaultdict(int)
        self._coming: defaultdict[str, int] = defaultdict(int)
        self._ends: defaultdict[str, deque[float]] = defaultdict(lambda: deque(maxlen=_REMEMBERED))
        self._total = 0

    @property
    def total(self) -> int:
        """Of all instances."""
        return self._total

    def of(self, instance_id: str) -> int:
        """Of one instance."""
        return self._of.get(instance_id, 0) + self._coming.get(instance_id, 0)

    def comes(self, instance_id: str) -> None:
        """One is being stored; its place is taken meanwhile."""
        self._coming[instance_id] += 1
        self._total += 1

    def came(self, instance_id: str, stored: bool) -> None:
        """It was stored, or was not."""
        self._coming[instance_id] -= 1
        if not self._coming[instance_id]:
            del self._coming[instance_id]
        self._total -= 1
        if stored:
            self._change(instance_id, 1)

    def ended(self, instance_id: str, now: float) -> None:
        """One has ended; `now` is monotonic."""
        self._ends[instance_id].append(now)
        if self._of.get(instance_id):
            self._change(instance_id, -1)

    def counted(self, counts: Mapping[str, int]) -> None:
        """The database was asked."""
        self._of = defaultdict(int, counts)
        self._total = sum(counts.values()) + sum(self._coming.values())
        for gone in self._ends.keys() - counts.keys():
            del self._ends[gone]

    def seconds_until_room(self, instance_id: str, now: float) -> int:
        """When a caller of a full instance should come back, by how fast its requests end; `now` is
        monotonic.
        """
        ends = self._ends.get(instance_id)
        if not ends or now - ends[0] <= 0:
            return _IDLE_SECONDS
        room = max(self.of(instance_id) * _ROOM, 1.0)
        return min(max(math.ceil(room * (now - ends[0]) / len(ends)), 1), _LONGEST_SECONDS)

    def _change(self, instance_id: str, by: int) -> None:
        self._of[instance_id] += by
        self._total += by
        if not self._of[instance_id]:
            del self._of[instance_id]
