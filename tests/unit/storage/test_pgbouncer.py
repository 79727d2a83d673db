"""Through PgBouncer in transaction mode, where one is installed: nothing may be left behind in a session."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.pooler import MISSING, PROGRAM, running_pooler

from waypost.config import Settings
from waypost.instances.instance import Instance
from waypost.nodes.notices import Notice, Notices
from waypost.storage.database import Connection
from waypost.storage.instances import SqlInstances
from waypost.storage.opening import opened
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.target import Target

pytestmark = pytest.mark.skipif(PROGRAM is None, reason=MISSING)


@pytest.fixture
def pooled(postgres_url: str) -> Iterator[str]:
    """The address of a pooler with one connection to the server."""
    with running_pooler(postgres_url) as url:
        yield url


async def test_writers_and_readers_share_one_connection(pooled: str, postgres_url: str) -> None:
    async with connected(Target(pooled, postgres_url), writers=4, readers=4) as database:
        instances = SqlInstances(database)

        async def work(number: int) -> None:
            for turn in range(10):
                name = f"{number}-{turn}"
                await instances.add(
                    Instance(id=name, name=name, phone="1", network="sandbox", created_at=1.0)
                )
                assert await instances.get(name) is not None

        await asyncio.gather(*(work(number) for number in range(10)))
        assert len(await instances.list()) == 100
        assert database.healthy


async def test_a_statement_s_patience_does_not_stay_with_the_connection(
    pooled: str, postgres_url: str
) -> None:
    def patience(connection: Connection) -> str:
        return str(connection.execute("SHOW statement_timeout").fetchone()[0])

    async with connected(Target(pooled, postgres_url, patience=3.0), writers=1, readers=1) as one:
        assert await one.write(patience) == "3s"
        assert await one.read(patience) == "3s"
    async with connected(Target(pooled, postgres_url, patience=7.0), writers=1, readers=1) as other:
        assert await other.read(patience) == "7s"


async def test_notices_go_past_the_pooler(pooled: str, postgres_url: str, tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, database_url=pooled, database_direct_url=postgres_url)
    async with opened(settings) as storage:
        assert storage.nodes is not None
        heard: list[Notice] = []

        async def listen(notices: Notices) -> None:
            async for notice in notices.listen():
                heard.append(notice)  # noqa: PERF401 - it does not end

        listening = asyncio.create_task(listen(storage.nodes.notices))
        try:
            async with asyncio.timeout(20):
                while not heard:
                    await asyncio.sleep(0.01)
                await storage.nodes.notices.publish([Notice("leases")])
                while Notice("leases") not in heard:
                    await asyncio.sleep(0.01)
        finally:
            listening.cancel()
            await asyncio.gather(listening, return_exceptions=True)
