"""Time as an argument: wall clock for what people read, monotonic clock for waiting."""

import time
from datetime import UTC, datetime
from typing import Protocol


class Clock(Protocol):
    """What a part that needs the time is given."""

    def now(self) -> float:
        """Seconds since the epoch; may jump when somebody sets the clock."""
        ...

    def monotonic(self) -> float:
        """Seconds that only grow; for deadlines within one process."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment."""
        return time.monotonic()


def iso(at: float) -> str:
    """`at` (seconds since the epoch) as the API writes it: UTC, RFC 3339, milliseconds, `Z`."""
    return datetime.fromtimestamp(at, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
