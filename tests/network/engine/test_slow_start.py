"""A session that starts slowly never endangers the others, and a slow network moves nobody."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.typing import EventDict

from waypost.engine.hosts.whatsmeow.gate import HOLD_S
from waypost.engine.settings import EngineSettings
from waypost.engine.store_folder import instance_folder
from waypost.testing.chatter import chatting
from waypost.testing.engine_stage import EngineStage, engine_stage
from waypost.testing.far_network import FarNetwork

pytestmark = pytest.mark.usefixtures("log")


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[EngineStage]:
    """An engine that is not patient, so that what moves does so soon."""
    async with engine_stage(tmp_path, EngineSettings(folder=tmp_path, start_patience=0.2)) as stage:
        yield stage


@contextlib.contextmanager
def locked(stage: EngineStage, names: Sequence[str]) -> Iterator[contextlib.ExitStack]:
    """Nobody else can open the stores of these sessions; close the stack to let go."""
    with contextlib.ExitStack() as locks:
        for name in names:
            database = instance_folder(stage.settings.folder / "instances", name).database
            store = locks.enter_context(closing(sqlite3.connect(database, isolation_level=None)))
            store.execute("PRAGMA locking_mode = EXCLUSIVE")
            store.execute("BEGIN EXCLUSIVE")
        yield locks


@pytest.mark.parametrize("slow", [1, 3])
async def test_sessions_that_start_slowly_move_away_and_the_others_lose_nothing(
    stage: EngineStage, log: list[EventDict], slow: int
) -> None:
    names = [f"slow-{number}" for number in range(slow)]
    chatter = await chatting(stage, names)
    before = stage.homes
    with locked(stage, names) as locks:
        for name in names:
            await stage.engine.open(name, stage.network)
        await stage.events.until(
            lambda: len({stage.homes.get(name) for name in ["shop", *names]} - {None}) == slow + 1
        )
        await chatter.more(20)  # while the others still can't start
        assert all(stage.engine.session(name) is None for name in names)
        locks.close()
        for name in names:
            await stage.session(name)
    await chatter.more(3)
    await chatter.end()
    after = stage.homes
    assert after["shop"] != before["shop"]
    assert len(set(after.values())) == slow + 1  # each slow one has its own
    assert any(line["event"] == "engine_start_slow" for line in log)


async def test_a_slow_session_that_is_closed_meanwhile_leaves_the_others_at_work(
    stage: EngineStage,
) -> None:
    chatter = await chatting(stage, ["slow"])
    with locked(stage, ["slow"]) as locks:
        await stage.engine.open("slow", stage.network)
        await stage.events.until(lambda: "slow" in stage.homes)
        await stage.engine.close("slow")
        assert "slow" not in stage.homes
        await chatter.more(10)
        locks.close()
    await stage.connected("slow")
    await chatter.more(3)
    await chatter.end()


async def test_a_session_that_starts_slowly_for_a_moment_moves_nobody(
    tmp_path: Path, log: list[EventDict]
) -> None:
    async with engine_stage(tmp_path, EngineSettings(folder=tmp_path, start_patience=15.0)) as stage:
        chatter = await chatting(stage, ["slow"])
        before = stage.homes
        with locked(stage, ["slow"]) as locks:
            await stage.engine.open("slow", stage.network)
            await asyncio.sleep(HOLD_S + 0.5)
            locks.close()
            await stage.session("slow")
        await chatter.more(3)
        await chatter.end()
        assert stage.homes == {"shop": before["shop"], "slow": before["shop"]}
    assert not any(line["event"] == "engine_start_slow" for line in log)


@pytest.mark.parametrize("how", ["held", "refused"])
async def test_a_network_that_does_not_answer_moves_nobody(
    far_stage: EngineStage, network: FarNetwork, how: str
) -> None:
    stage = far_stage
    chatter = await chatting(stage, ["late"])
    before = stage.homes
    network.refuses = how == "refused"
    if how == "held":
        network.hold()
    await stage.engine.open("late", stage.network)
    await stage.events.until(lambda: network.held > (2 if network.refuses else 0))
    since = asyncio.get_running_loop().time()
    await stage.events.until(lambda: asyncio.get_running_loop().time() - since > 1.5)
    await chatter.more(10)
    assert stage.engine.session("late") is None
    network.let_through()
    await stage.session("late")
    await chatter.end()
    assert chatter.setbacks == []
    assert stage.homes == {"shop": before["shop"], "late": before["shop"]}


async def test_a_session_that_is_closed_before_the_network_answers_moves_nobody(
    far_stage: EngineStage, network: FarNetwork
) -> None:
    stage = far_stage
    chatter = await chatting(stage, ["late"])
    before = stage.homes
    network.hold()
    await stage.engine.open("late", stage.network)
    await stage.events.until(lambda: network.held > 0)
    await stage.engine.close("late")
    await chatter.more(3)
    network.let_through()
    await stage.connected("late")
    await chatter.end()
    assert chatter.setbacks == []
    assert stage.homes["shop"] == before["shop"]
