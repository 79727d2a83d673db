"""Many sessions connect at one time, and the library's maps survive it."""

import asyncio
from collections.abc import Sequence

import pytest

from waypost.testing.chatter import Chatter, chatting
from waypost.testing.engine_stage import EngineStage
from waypost.testing.far_network import FarNetwork

pytestmark = pytest.mark.usefixtures("log")

NAMES = [f"i{number}" for number in range(8)]


async def open_all(stage: EngineStage, names: Sequence[str]) -> None:
    for name in names:
        await stage.engine.open(name, stage.network)


async def paired(stage: EngineStage, names: Sequence[str]) -> None:
    for number, name in enumerate(names):
        await stage.paired(name, f"+49151000001{number:02}")


async def test_sessions_that_start_together_connect_side_by_side(
    far_stage: EngineStage, network: FarNetwork
) -> None:
    stage = far_stage
    await paired(stage, NAMES)
    network.hold()
    await open_all(stage, NAMES)
    await stage.events.until(lambda: network.held == len(NAMES))  # all dial before any has an answer
    network.let_through()
    for name in NAMES:
        await stage.session(name)
    assert len(set(stage.homes.values())) == 1


async def test_who_comes_while_others_wait_for_the_network_does_not_wait_with_them(
    far_stage: EngineStage, network: FarNetwork
) -> None:
    stage, first, at_once, later = far_stage, NAMES[:3], NAMES[3], NAMES[4:6]
    await paired(stage, [*first, at_once, *later])
    network.hold()
    await open_all(stage, first)
    await stage.events.until(lambda: network.held == len(first))
    await open_all(stage, [at_once])  # before anybody can know that the network is away
    await stage.events.until(lambda: network.held == len(first) + 1)
    await open_all(stage, later)
    await stage.events.until(lambda: network.held == len(first) + 1 + len(later))
    homes = stage.homes
    assert len({homes[name] for name in first}) == 1
    assert homes[at_once] != homes[first[0]]
    assert len(set(homes.values())) <= 3
    network.let_through()
    for name in [*first, at_once, *later]:
        await stage.session(name)


async def test_sessions_that_come_and_go_beside_calls_bring_no_process_down(
    far_stage: EngineStage, network: FarNetwork
) -> None:
    stage, names = far_stage, NAMES[:5]
    chatter = await chatting(stage, names)
    network.delay = 0.05
    for turn in range(6):
        await come_and_go(stage, chatter, names, turn)
    await chatter.end()


async def come_and_go(stage: EngineStage, chatter: Chatter, names: Sequence[str], turn: int) -> None:
    """Half of the turns leave the sessions time to connect."""
    await open_all(stage, names)
    await chatter.more(2)
    if turn % 2:
        await asyncio.gather(*(stage.session(name) for name in names))
    await asyncio.gather(*(stage.engine.close(name) for name in names))
