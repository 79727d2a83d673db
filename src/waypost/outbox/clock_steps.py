from typing import Final

from waypost.clock import Clock

# Less than this is how clocks are corrected all the time.
_LEAST_SECONDS: Final = 1.0


class ClockSteps:
    """Notices that somebody has set the wall clock back: what waits for a time would wait longer by that."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ahead = self._of_monotonic()

    def _of_monotonic(self) -> float:
        return self._clock.now() - self._clock.monotonic()

    def back(self) -> float:
        """By how many seconds it was set back since the last call, 0 when it was not."""
        before, self._ahead = self._ahead, self._of_monotonic()
        step = before - self._ahead
        return step if step >= _LEAST_SECONDS else 0.0
