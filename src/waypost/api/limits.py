import math
from collections import OrderedDict, deque

from waypost.clock import Clock
from waypost.errors import TOO_MANY, ApiError

WINDOW_SECONDS = 60.0
_CALLERS = 10_000  # remembered at most; the one that called longest ago is forgotten first


class CallLimits:
    """Counts calls per caller over the last minute."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._calls: OrderedDict[tuple[str, str], deque[float]] = OrderedDict()

    def take(self, endpoint: str, caller: str, most: int) -> None:
        """Count a call; 0 for `most` means any number. Raises ApiError(TOO_MANY) with `retry_after`, in
        seconds.
        """
        if most == 0:
            return
        self.check(endpoint, caller, most)
        self._calls.setdefault((endpoint, caller), deque()).append(self._clock.monotonic())
        self._calls.move_to_end((endpoint, caller))
        if len(self._calls) > _CALLERS:
            self._calls.popitem(last=False)

    def check(self, endpoint: str, caller: str, most: int) -> None:
        """Raises like `take`, and counts nothing: for calls of which only those count that fail."""
        calls, now = self._calls.get((endpoint, caller)), self._clock.monotonic()
        while calls and calls[0] <= now - WINDOW_SECONDS:
            calls.popleft()
        if calls and len(calls) >= most:
            raise ApiError(TOO_MANY, retry_after=math.ceil(calls[0] + WINDOW_SECONDS - now))
