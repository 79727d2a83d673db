import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from waypost.storage.database import Database
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.target import Target
from waypost.storage.sqlite.database import opened
from waypost.testing.post_office import PostOffice, post_office
from waypost.testing.receiver import Receiver, receiving


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    if request.param == "sqlite":
        async with opened(tmp_path / "waypost.db") as found:
            yield found
        return
    async with connected(Target(request.getfixturevalue("postgres_url")), writers=2, readers=2) as server:
        yield server


@pytest.fixture
async def office(database: Database) -> AsyncIterator[PostOffice]:
    async with asyncio.timeout(60), post_office(database) as office:
        yield office


@pytest.fixture
async def receiver() -> AsyncIterator[Receiver]:
    async with receiving() as receiver:
        yield receiver
