"""Who gets a worker next."""

import asyncio

from waypost.workers.turns import PASSES, Turns


class Line:
    """Jobs that note when they begin, and last until the next one may."""

    def __init__(self, count: int) -> None:
        self.turns = Turns(count)
        self.began: list[str] = []

    async def wait(self, name: str, *, long: bool) -> None:
        await self.turns.take(long=long)
        self.began.append(name)

    def join(self, name: str) -> "asyncio.Task[None]":
        """A job whose name begins with an l is a long one."""
        return asyncio.create_task(self.wait(name, long=name.startswith("l")))


async def settled() -> None:
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_short_job_waits_for_one_that_runs_and_not_for_long_ones_that_wait() -> None:
    line = Line(1)
    jobs = [line.join(name) for name in ("l1", "l2", "l3", "s1", "s2")]
    await settled()
    for _ in jobs:
        line.turns.give_back()
        await settled()
    assert line.began == ["l1", "s1", "s2", "l2", "l3"]


async def test_a_long_job_has_its_turn_however_many_short_ones_come() -> None:
    line = Line(1)
    jobs = [line.join(name) for name in ("s", "l1", *["s"] * (2 * PASSES))]
    await settled()
    for _ in jobs:
        line.turns.give_back()
        await settled()
    assert line.began.index("l1") == 1 + PASSES


async def test_who_leaves_the_line_takes_no_place_along() -> None:
    line = Line(1)
    first, gone, last = (line.join(name) for name in ("l1", "l2", "l3"))
    await settled()
    gone.cancel()
    await settled()
    line.turns.give_back()
    await settled()
    assert line.began == ["l1", "l3"]
    assert first.done()
    assert last.done()


async def test_who_leaves_just_as_a_place_is_theirs_passes_it_on() -> None:
    line = Line(1)
    line.join("l1")
    gone = line.join("s1")
    line.join("s2")
    await settled()
    line.turns.give_back()
    gone.cancel()
    await settled()
    assert line.began == ["l1", "s2"]
    line.turns.give_back()
    line.join("s3")
    await settled()
    assert line.began == ["l1", "s2", "s3"]
