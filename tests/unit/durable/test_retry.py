import random

import pytest

from waypost.durable.retry import Schedule, delay, next_attempt

STEADY = Schedule(delays=(1.0, 5.0, 20.0), jitter=0.0, attempts=5)


def rng() -> random.Random:
    return random.Random(1)


def test_delays_grow_and_the_last_repeats() -> None:
    assert [delay(STEADY, n, rng()) for n in (1, 2, 3, 4, 50)] == [1.0, 5.0, 20.0, 20.0, 20.0]


def test_jitter_stays_within_its_share_and_differs() -> None:
    schedule = Schedule(delays=(100.0,), jitter=0.2)
    source = rng()
    delays = [delay(schedule, 1, source) for _ in range(200)]
    assert all(80.0 <= one <= 120.0 for one in delays)
    assert max(delays) - min(delays) > 20.0


@pytest.mark.parametrize(("attempts", "expected"), [(1, 1001.0), (4, 1020.0), (5, None), (6, None)])
def test_it_is_given_up_after_the_attempts_set(attempts: int, expected: float | None) -> None:
    assert next_attempt(STEADY, attempts, 1000.0, rng()) == expected


def test_patient_failures_are_never_given_up() -> None:
    assert next_attempt(STEADY, 500, 1000.0, rng(), patient=True) == 1020.0


def test_the_other_sides_word_counts_when_it_is_later() -> None:
    assert next_attempt(STEADY, 1, 1000.0, rng(), not_before=5000.0) == 5000.0
    assert next_attempt(STEADY, 1, 1000.0, rng(), not_before=5.0) == 1001.0
