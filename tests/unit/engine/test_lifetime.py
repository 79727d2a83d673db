import os
import signal
import subprocess
import sys
import threading
import time
from typing import Final

import pytest

from waypost.engine.hosts.whatsmeow.kernel_timer import kernel_timer
from waypost.engine.hosts.whatsmeow.lifetime import Lifetime

_HALTS: Final = """
import os, signal, sys, time
from waypost.engine.hosts.whatsmeow.kernel_timer import kernel_timer
kill_at = kernel_timer()
for seconds in map(float, sys.argv[1:]):
    kill_at(time.monotonic() + seconds)
os.kill(os.getpid(), signal.SIGSTOP)
"""


def test_a_process_ends_at_its_deadline_and_not_before_a_later_one() -> None:
    ended = threading.Event()
    lifetime = Lifetime(ended.set)
    lifetime.check()
    lifetime.until(time.monotonic() + 0.2)
    lifetime.until(time.monotonic() + 0.8)
    assert not ended.wait(0.4)
    assert ended.wait(10)


def test_a_deadline_that_has_passed_ends_it_at_the_next_look_however_late_the_watcher_wakes() -> None:
    ends: list[str] = []
    lifetime = Lifetime(lambda: ends.append(threading.current_thread().name))
    lifetime.until(time.monotonic() - 1.0)
    lifetime.check()
    assert threading.current_thread().name in ends


def test_one_that_comes_after_the_end_does_not_bring_it_back() -> None:
    ends: list[float] = []
    lifetime = Lifetime(lambda: ends.append(time.monotonic()))
    lifetime.until(time.monotonic() - 1.0)
    before = len(ends)
    lifetime.until(time.monotonic() + 100.0)
    assert len(ends) > before


@pytest.mark.skipif(kernel_timer() is None, reason="the kernel has no such timer")
def test_a_process_that_is_halted_ends_at_its_deadline_and_not_before_a_later_one() -> None:
    began = time.monotonic()
    halted = subprocess.Popen([sys.executable, "-c", _HALTS, "0.5", "1.0"])
    try:
        assert halted.wait(20) == -signal.SIGKILL
        assert time.monotonic() - began >= 1.0
    finally:
        if halted.poll() is None:
            os.kill(halted.pid, signal.SIGKILL)
