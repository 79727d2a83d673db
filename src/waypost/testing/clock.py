class FakeClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        """`now` is seconds since the epoch; the monotonic clock begins at 0."""
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass. Timers of an event loop don't notice: wake whoever looks at this clock."""
        self._now += seconds
        self._monotonic += seconds
