from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from waypost.storage.database import Database
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.target import Target
from waypost.storage.sqlite.database import opened


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    """Either database, without a row."""
    if request.param == "sqlite":
        async with opened(tmp_path / "waypost.db") as found:
            yield found
        return
    target = Target(request.getfixturevalue("postgres_url"))
    async with connected(target, writers=2, readers=1) as server:
        yield server
