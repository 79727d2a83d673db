import threading
import time

from waypost.engine.hosts.whatsmeow.lifetime import Lifetime


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
