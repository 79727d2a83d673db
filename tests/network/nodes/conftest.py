from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio

from waypost.testing.nodes_stage import NodesStage, nodes_stage
from waypost.testing.postgres import PostgresServer, running_server

CONTACTS = [f"4477009002{n:02}" for n in range(10)]


@pytest.fixture(scope="package")
def server() -> Iterator[PostgresServer]:
    """A server of our own, which a test stops."""
    with running_server() as server:
        yield server


@pytest_asyncio.fixture(scope="package", loop_scope="package")
async def town(tmp_path_factory: pytest.TempPathFactory, server: PostgresServer) -> AsyncIterator[NodesStage]:
    """A sandbox and a database; each test says which nodes it wants to run, and uses a contact of its own."""
    url = server.url(server.create())
    soon = {"WAYPOST_UNKNOWN_SECONDS": "15"}
    async with nodes_stage(tmp_path_factory.mktemp("nodes"), url, CONTACTS, settings=lambda _: soon) as stage:
        yield stage
        print(stage.logs())
