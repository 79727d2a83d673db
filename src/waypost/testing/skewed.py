"""`waypost …` as in `tied`, with a wall clock that a test sets: `skewed PARENT-PID ARGUMENTS…`.

The file named by `SKEW_FILE` holds the seconds, a little-endian double, by which this process is ahead of the
machine. The monotonic clock goes on, as it does where somebody sets the time of a machine.
"""

import mmap
import os
import runpy
import struct
import sys
import time
from pathlib import Path

from waypost.testing.tied import tie

_SECONDS = struct.Struct("<d")


def set_skew(file: Path, seconds: float) -> None:
    """Have whoever was started with this file be so many seconds ahead from now on."""
    with file.open("r+b" if file.exists() else "w+b") as opened:
        opened.write(_SECONDS.pack(seconds))


def _skew(file: Path) -> None:
    with file.open("rb") as opened:
        skew = mmap.mmap(opened.fileno(), _SECONDS.size, access=mmap.ACCESS_READ)
    real = time.time

    def skewed() -> float:
        return real() + float(_SECONDS.unpack(skew[: _SECONDS.size])[0])

    time.time = skewed


if __name__ == "__main__":
    tie(int(sys.argv.pop(1)))
    _skew(Path(os.environ["SKEW_FILE"]))
    runpy.run_module("waypost", run_name="__main__", alter_sys=True)
