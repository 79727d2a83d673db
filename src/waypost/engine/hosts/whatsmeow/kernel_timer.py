"""The kernel ends this process at a time, whatever becomes of it: also while it is halted.

A process that is halted beyond its deadline and wakes would first confirm to the server what lies in its
sockets, in threads of the library, and then end without having kept it. SIGKILL of a timer (timer_create(2))
does not wait for the process to run. Only Linux has it; elsewhere there is no such timer, and the looks at
the clock have to do.
"""

import ctypes
import os
import signal
import sys
import time
from collections.abc import Callable
from typing import Final

_ABSOLUTE: Final = 1  # TIMER_ABSTIME
_BY_SIGNAL: Final = 0  # SIGEV_SIGNAL


class _Event(ctypes.Structure):
    """`struct sigevent` of Linux, which is 64 bytes long."""

    _fields_ = [
        ("value", ctypes.c_void_p),
        ("signal", ctypes.c_int),
        ("notify", ctypes.c_int),
        ("rest", ctypes.c_char * 48),
    ]


class _Time(ctypes.Structure):
    _fields_ = [("seconds", ctypes.c_long), ("nanoseconds", ctypes.c_long)]


class _Setting(ctypes.Structure):
    _fields_ = [("interval", _Time), ("value", _Time)]


def kernel_timer() -> Callable[[float], None] | None:
    """A function that has this process killed at a time (`time.monotonic` seconds), in place of the time
    named before; None where the system has no such timer."""
    if not sys.platform.startswith("linux"):
        return None
    libc = ctypes.CDLL(None, use_errno=True)
    if not hasattr(libc, "timer_create"):  # glibc before 2.34
        return None
    timer = ctypes.c_void_p()
    event = _Event(None, signal.SIGKILL, _BY_SIGNAL)
    if libc.timer_create(time.CLOCK_MONOTONIC, ctypes.byref(event), ctypes.byref(timer)):
        return None

    def kill_at(deadline: float) -> None:
        seconds, rest = divmod(deadline, 1.0)
        setting = _Setting(_Time(0, 0), _Time(int(seconds), int(rest * 1e9)))
        if libc.timer_settime(timer, _ABSOLUTE, ctypes.byref(setting), None):
            raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))

    return kill_at
