from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from waypost.testing.gateway_stage import Stage, gateway_stage

AUDIO = Path(__file__).parents[2] / "audio"


@pytest.fixture(scope="package")
def stage_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the stage keeps everything."""
    return tmp_path_factory.mktemp("stage")


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def stage(stage_folder: Path) -> AsyncIterator[Stage]:
    """One gateway, one sandbox and one paired instance for all tests of this folder."""
    async with gateway_stage(stage_folder, fetch_allow=["127.0.0.1"], webhook_allow=["127.0.0.1"]) as here:
        yield here
