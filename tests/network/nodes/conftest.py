from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from waypost.testing.nodes_stage import NodesStage, nodes_stage

CONTACTS = ["447700900201", "447700900202", "447700900203"]


@pytest.fixture
async def town(tmp_path: Path, postgres_url: str) -> AsyncIterator[NodesStage]:
    """A sandbox and a database, and no node yet. What the nodes logged is shown when a test fails."""
    async with nodes_stage(tmp_path, postgres_url, CONTACTS) as stage:
        yield stage
        print(stage.logs())
