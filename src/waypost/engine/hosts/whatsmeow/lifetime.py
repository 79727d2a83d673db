"""When this process has to be gone, whatever else happens: the lease that its sessions live under is over.

It ends at once and as a whole. The kernel sees to that, also while the process is halted: were it to wake,
the library would confirm to the server what nobody keeps any more. Where the kernel has no such timer, a
thread of its own does, since the loop may be busy; and before each message that goes to the library the clock
is looked at, since after a halt nobody knows which thread wakes first.
"""

import threading
import time
from collections.abc import Callable


class Lifetime:
    """Without end until the first `until`. `end` must not return in a process that is to be gone; `kill_at`
    is `kernel_timer`'s."""

    def __init__(self, end: Callable[[], None], kill_at: Callable[[float], None] | None = None) -> None:
        self._end = end
        self._kill_at = kill_at
        self._deadline: float | None = None
        self._changed = threading.Condition()
        self._watching = False

    def until(self, deadline: float) -> None:
        """End at `deadline` (monotonic seconds) unless this is called again before. One that comes too late
        is of no use any more."""
        with self._changed:
            self.check()
            if self._kill_at is not None:
                self._kill_at(deadline)
            self._deadline = deadline
            self._changed.notify()
            if not self._watching:
                self._watching = True
                threading.Thread(target=self._watch, name="lifetime", daemon=True).start()

    def check(self) -> None:
        """End now when the deadline has passed; no-op otherwise."""
        deadline = self._deadline
        if deadline is not None and time.monotonic() >= deadline:
            self._end()

    def _watch(self) -> None:
        with self._changed:
            while True:
                self.check()
                assert self._deadline is not None
                self._changed.wait(max(self._deadline - time.monotonic(), 0.01))
