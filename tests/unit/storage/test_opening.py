import asyncio
import sys
from pathlib import Path
from subprocess import run

import pytest

from waypost.config import ConfigError, Settings, load
from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.instances.instance import Instance
from waypost.nodes.lease import Node
from waypost.storage.admin import reset_admins_of_server
from waypost.storage.instances import SqlInstances
from waypost.storage.opening import opened
from waypost.storage.tokens import SqlTokens
from waypost.testing.postgres import PostgresServer

SECRET = "postgresql://waypost:geheim@db.example/waypost"


async def test_without_an_address_it_is_the_file_in_the_data_folder(tmp_path: Path) -> None:
    async with opened(Settings(data=tmp_path)) as storage:
        assert storage.nodes is None
        assert (tmp_path / "waypost.db").exists()


async def test_with_an_address_nodes_share_it(tmp_path: Path, postgres_url: str) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, database_connections=4)
    async with opened(settings) as one, opened(settings) as two:
        assert one.nodes is not None
        assert two.nodes is not None
        await SqlInstances(one.database).add(
            Instance(id="i1", name="shop", phone="1", network="sandbox", created_at=1.0)
        )
        node = Node(node_id="n", name="n", url="http://n", started_at=1.0)
        assert await two.nodes.leases.renew(node, 30.0) == []
        (held,) = await two.nodes.leases.claim("n", 30.0, 5)
        (load,) = (await one.nodes.leases.census(30.0)).nodes
        assert (load.node.node_id, load.held) == ("n", 1)
        assert held.instance_id == "i1"
        assert not (tmp_path / "waypost.db").exists()


async def test_a_node_keeps_to_the_connections_it_was_given(
    tmp_path: Path, postgres_url: str, postgres_server: PostgresServer
) -> None:
    settings = Settings(data=tmp_path, database_url=postgres_url, database_connections=5)
    async with opened(settings) as storage:
        assert storage.nodes is not None
        instances = SqlInstances(storage.database)
        for number in range(30):
            name = f"i{number}"
            await instances.add(Instance(id=name, name=name, phone="1", network="sandbox", created_at=1.0))
            await instances.list()
            await storage.nodes.leases.census(30.0)
        ((count,),) = postgres_server.execute(
            "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'waypost'"
        )
        assert isinstance(count, int)
        assert 2 <= count <= 5


async def test_a_server_that_is_not_there_is_said_without_the_password(tmp_path: Path) -> None:
    url = "postgresql://waypost:geheim@127.0.0.1:1/waypost?connect_timeout=2"
    with pytest.raises(StorageError) as refused:
        async with opened(Settings(data=tmp_path, database_url=url)):
            pass
    assert refused.value.fault is STORAGE_UNAVAILABLE
    assert "geheim" not in f"{refused.value} {refused.value.detail} {Settings(database_url=SECRET)!r}"


@pytest.mark.parametrize(
    "url", ["mysql://root:geheim@db/x", "db.example geheim", "postgresql://x:geheim@db:not-a-port/x y z"]
)
async def test_an_address_that_is_none_is_refused_without_showing_it(tmp_path: Path, url: str) -> None:
    async def start() -> None:
        async with opened(load({"WAYPOST_DATABASE_URL": url, "WAYPOST_DATA": str(tmp_path)})):
            pass

    with pytest.raises((ConfigError, StorageError)) as refused:
        await start()
    assert "geheim" not in str(refused.value)
    assert "geheim" not in str(getattr(refused.value, "detail", ""))


def test_the_driver_is_loaded_only_where_there_is_an_address(tmp_path: Path) -> None:
    code = (
        "import asyncio, sys; from pathlib import Path; from waypost.config import Settings\n"
        "import waypost.gateway; from waypost.storage.opening import opened\n"
        "async def main():\n"
        "    async with opened(Settings(data=Path(sys.argv[1]))): pass\n"
        "asyncio.run(main())\n"
        "assert not {'psycopg', 'obstore', 'alembic', 'sqlalchemy'} & set(sys.modules)\n"
    )
    run([sys.executable, "-c", code, str(tmp_path)], check=True, timeout=60)


async def test_the_admin_token_can_be_made_anew_beside_running_nodes(
    tmp_path: Path, postgres_url: str
) -> None:
    async with opened(Settings(data=tmp_path, database_url=postgres_url)) as storage:
        tokens = SqlTokens(storage.database)
        await tokens.add(b"a" * 32, ("admin",), None, "first", 1.0, None)
        number = await asyncio.to_thread(reset_admins_of_server, postgres_url, b"b" * 32, 2.0)
        (only,) = await tokens.list()
        assert (only.number, only.secret_sha256) == (number, b"b" * 32)
    with pytest.raises(StorageError) as refused:
        reset_admins_of_server("postgresql://x:geheim@127.0.0.1:1/x", b"b" * 32, 2.0)
    assert "geheim" not in refused.value.message
