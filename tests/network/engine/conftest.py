from collections.abc import AsyncIterator, Iterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio
from structlog.testing import capture_logs
from structlog.typing import EventDict

from waypost.testing.engine_stage import EngineStage, engine_stage
from waypost.testing.far_network import FarNetwork, far

_NUMBERS = count(1)


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[EngineStage]:
    """An engine and a sandbox of the test's own."""
    async with engine_stage(tmp_path) as stage:
        yield stage


@pytest.fixture
def log() -> Iterator[list[EventDict]]:
    """What is logged; at the end no engine process has crashed."""
    with capture_logs() as log:
        yield log
    assert [line for line in log if line["event"] == "engine_process_crashed"] == []


@pytest.fixture
def network(stage: EngineStage) -> FarNetwork:
    """The way of `far_stage`, still short."""
    return FarNetwork(stage.network.proxy_url or "")


@pytest_asyncio.fixture
async def far_stage(stage: EngineStage, network: FarNetwork) -> AsyncIterator[EngineStage]:
    """`stage`, whose engine goes through `network`."""
    async with far(stage, network) as there:
        yield there


@pytest_asyncio.fixture(loop_scope="module", scope="module")
async def shared_stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[EngineStage]:
    """An engine and a sandbox for a module; its tests use instances and phones of their own."""
    async with engine_stage(tmp_path_factory.mktemp("stage")) as stage:
        yield stage


@pytest.fixture
def shop() -> str:
    """An instance id that no other test uses."""
    return f"shop-{next(_NUMBERS)}"


@pytest.fixture
def phone(shop: str) -> str:
    """The number of the phone that goes with `shop`."""
    return f"+49151{int(shop.partition('-')[2]):07}"
