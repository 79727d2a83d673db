from collections.abc import AsyncIterator
from itertools import count
from pathlib import Path

import pytest
import pytest_asyncio

from waypost.testing.engine_stage import EngineStage, engine_stage

_NUMBERS = count(1)


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[EngineStage]:
    """An engine and a sandbox of the test's own."""
    async with engine_stage(tmp_path) as stage:
        yield stage


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
