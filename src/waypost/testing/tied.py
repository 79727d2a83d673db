"""`waypost …` as a child that does not outlive its parent, however that ends: `tied PARENT-PID ARGUMENTS…`.

The demo and the benchmarks start a gateway and a sandbox; a `kill -9` of theirs must not leave these behind.
"""

import ctypes
import os
import runpy
import signal
import sys
from typing import Final

_PR_SET_PDEATHSIG: Final = 1


def tie(parent: int, how: signal.Signals = signal.SIGTERM) -> None:
    """Have the kernel send `how` to this process when process `parent` ends (Linux)."""
    if sys.platform != "linux":
        return
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, how, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)  # it ended before the kernel was asked


if __name__ == "__main__":
    tie(int(sys.argv.pop(1)))
    runpy.run_module("waypost", run_name="__main__", alter_sys=True)
