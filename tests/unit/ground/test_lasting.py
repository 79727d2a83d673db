import asyncio
import io

import pytest

from waypost.lasting import lasting
from waypost.telemetry import make_log
from waypost.testing.gateway_stage import until


async def test_work_that_breaks_is_begun_again_and_heard_of(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost.lasting._AGAIN_SECONDS", 0.0)
    said, times = io.StringIO(), 0

    async def work() -> None:
        nonlocal times
        times += 1
        raise FileNotFoundError("somebody has removed the folder")

    task = asyncio.create_task(lasting(work, "sweep", make_log("error", "json", said)))

    async def count() -> int:
        return times

    await until(count, lambda times: times >= 3)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)
    assert task.cancelled()
    assert '"task": "sweep"' in said.getvalue()
