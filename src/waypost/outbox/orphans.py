"""Files that nobody knows, and since when.

Their age is counted from when this process first saw them, on its own monotonic clock. The time in a file's
name or beside it is a wall clock's, perhaps another node's, and may be hours away from ours: judged by that,
an upload whose request is just being accepted looks old, and its request ends without it.
"""

from typing import Final

# Ids in memory; those beyond wait for a later round.
_MOST: Final = 10_000


class Orphans:
    """Tells which names were seen in every round since `keep` seconds ago."""

    def __init__(self, keep: float) -> None:
        self._keep = keep
        self._now = 0.0
        self._before: dict[str, float] = {}
        self._seen: dict[str, float] = {}

    def begin(self, now: float) -> None:
        """Begin a round at `now` (monotonic seconds); a name that the last one did not see is new again."""
        self._now = now
        self._before, self._seen = self._seen, {}

    def is_old(self, name: str) -> bool:
        """Whether this file was nobody's for long enough; to be asked of each such file, once a round."""
        since = self._before.get(name, self._now)
        if len(self._seen) < _MOST:
            self._seen[name] = since
        return self._now - since >= self._keep
