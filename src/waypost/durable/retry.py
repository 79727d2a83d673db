import random

import msgspec


class Schedule(msgspec.Struct, frozen=True, kw_only=True):
    """Growing delays in seconds; the last one repeats.

    `jitter` is the share by which a delay is made shorter or longer, so that what failed together does not
    come back together. After `attempts` failures it is given up.
    """

    delays: tuple[float, ...] = (1.0, 3.0, 10.0, 30.0, 60.0, 120.0, 300.0)
    jitter: float = 0.2
    attempts: int = 8


def delay(schedule: Schedule, attempts: int, rng: random.Random) -> float:
    """Seconds to wait after the failure number `attempts` (from 1)."""
    base = schedule.delays[min(attempts, len(schedule.delays)) - 1]
    return base * (1 + schedule.jitter * (2 * rng.random() - 1))


def longest(schedule: Schedule, attempts: int) -> float:
    """The most that `delay` comes to, in seconds."""
    return schedule.delays[min(max(attempts, 1), len(schedule.delays)) - 1] * (1 + schedule.jitter)


def next_attempt(
    schedule: Schedule,
    attempts: int,
    now: float,
    rng: random.Random,
    *,
    patient: bool = False,
    not_before: float | None = None,
) -> float | None:
    """When to try again after `attempts` failures (from 1), in seconds since the epoch; None to give up.

    `patient` failures are not counted: they pass without anybody's doing (a lost connection), and the
    deadline of what is tried ends them. `not_before` is the other side's word on when it makes sense.
    """
    if not patient and attempts >= schedule.attempts:
        return None
    at = now + delay(schedule, attempts, rng)
    return at if not_before is None else max(at, not_before)
