from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from waypost.testing.engine_stage import EngineStage, engine_stage


@pytest_asyncio.fixture
async def stage(tmp_path: Path) -> AsyncIterator[EngineStage]:
    async with engine_stage(tmp_path) as stage:
        yield stage
