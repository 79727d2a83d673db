import asyncio

from waypost.testing.engine_stage import EngineStage


async def test_a_process_that_was_started_ahead_gets_the_first_sessions(stage: EngineStage) -> None:
    await asyncio.gather(stage.engine.warm(stage.network), stage.engine.warm(stage.network))
    (ahead,) = stage.engine.processes
    assert ahead.sessions == set()
    for name, phone in (("one", "+4915112345601"), ("two", "+4915112345602")):
        await stage.paired(name, phone)
        await stage.connected(name)
    assert stage.homes == {"one": ahead.pid, "two": ahead.pid}
    await stage.engine.warm(stage.network)
    assert len(stage.engine.processes) == 1
