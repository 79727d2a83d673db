"""A child process that can be killed at any time, also while somebody else is about to collect its exit code.

`subprocess.Popen.kill` collects the code itself if it can, behind asyncio's back, and a bare pid may belong
to another process once the code is collected. A pidfd has neither trouble; where there are none (macOS) the
pid has to do.
"""

import contextlib
import os
import signal
import sys


class Child:
    """A handle on a child that has just been started."""

    def __init__(self, pid: int) -> None:
        self._pid: int | None = pid
        self._fd = -1
        if sys.platform.startswith("linux"):
            with contextlib.suppress(OSError):
                self._fd = os.pidfd_open(pid)

    def kill(self) -> None:
        """SIGKILL; no-op when it is gone."""
        with contextlib.suppress(ProcessLookupError):
            if sys.platform.startswith("linux") and self._fd >= 0:
                signal.pidfd_send_signal(self._fd, signal.SIGKILL)
            elif self._pid is not None:
                os.kill(self._pid, signal.SIGKILL)

    def forget(self) -> None:
        """Its exit code was collected."""
        self._pid = None
        if self._fd >= 0:
            os.close(self._fd)
            self._fd = -1
