"""What a worker gives up before it touches a caller's bytes. Linux only where noted; best effort, never an
error."""

import ctypes
import os
import resource
import signal
import sys
from contextlib import suppress
from typing import Final

_CLONE_NEWUSER: Final = 0x10000000
_CLONE_NEWNET: Final = 0x40000000
_PR_SET_PDEATHSIG: Final = 1
_PR_SET_NO_NEW_PRIVS: Final = 38

_NICENESS: Final = 5
"""Enough that accepting requests goes first on a busy core, little enough that notes still leave at once."""

_OPEN_FILES: Final = 64
"""A worker needs its socket, the input, the output, and a few while Python imports."""


def die_with(parent: int) -> None:
    """End this process when process `parent` does (Linux); elsewhere the closed socket has to tell."""
    libc = _libc()
    if libc is not None:
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def drop_network() -> bool:
    """Leave for a network namespace without interfaces, and gain no privilege ever again (Linux).

    Whether it worked: containers often forbid both ways. Must run before the process has a second thread.
    """
    libc = _libc()
    if libc is None:
        return False
    libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    return any(libc.unshare(flags) == 0 for flags in (_CLONE_NEWNET, _CLONE_NEWUSER | _CLONE_NEWNET))


def limit_process(output_bytes: int) -> None:
    """No core dumps, few open files, files of `output_bytes` at most, and the gateway's work goes first."""
    _limit(resource.RLIMIT_CORE, 0)
    _limit(resource.RLIMIT_NOFILE, _OPEN_FILES)
    _limit(resource.RLIMIT_FSIZE, output_bytes)
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    with suppress(OSError):
        os.nice(_NICENESS)


def limit_memory(more: int) -> None:
    """Let the address space grow by `more` bytes beyond what it is now (Linux)."""
    with suppress(OSError, ValueError), open("/proc/self/statm") as statm:
        pages = int(statm.read().split()[0])
        _limit(resource.RLIMIT_AS, pages * resource.getpagesize() + more)


def limit_cpu(until: float) -> None:
    """Have the kernel end this process (SIGXCPU) once it has used `until` seconds of CPU in all.

    Only the soft limit moves, so that the next job may have more.
    """
    hard = resource.getrlimit(resource.RLIMIT_CPU)[1]
    with suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CPU, (int(until) + 1, hard))


def _limit(what: int, most: int) -> None:
    with suppress(OSError, ValueError):
        resource.setrlimit(what, (most, most))


def _libc() -> ctypes.CDLL | None:
    return ctypes.CDLL(None, use_errno=True) if sys.platform == "linux" else None
