"""Through PgBouncer in transaction mode, where one is installed: nothing may be left behind in a session."""

import asyncio
import os
import pwd
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from waypost.config import Settings
from waypost.instances.instance import Instance
from waypost.nodes.notices import Notice, Notices
from waypost.storage.database import Connection
from waypost.storage.instances import SqlInstances
from waypost.storage.opening import opened
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.target import Target
from waypost.testing.processes import free_port

PROGRAM = os.environ.get("PGBOUNCER") or shutil.which("pgbouncer")

pytestmark = pytest.mark.skipif(PROGRAM is None, reason="there is no pgbouncer on this machine")


@pytest.fixture
def pooled(postgres_url: str) -> Iterator[str]:
    """The address of a pooler with one connection to the server."""
    assert PROGRAM is not None
    server, port = urlsplit(postgres_url), free_port()
    # As root it wants another user, who could not read a test's folder.
    with tempfile.TemporaryDirectory(prefix="waypost-pgbouncer-") as folder:
        Path(folder).chmod(0o755)
        settings = Path(folder) / "pgbouncer.ini"
        settings.write_text(
            f"[databases]\n* = host=127.0.0.1 port={server.port} user={server.username}\n"
            f"[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\nunix_socket_dir =\n"
            "auth_type = any\npool_mode = transaction\ndefault_pool_size = 1\nmax_client_conn = 100\n"
        )
        user = pwd.getpwnam("nobody").pw_uid if os.getuid() == 0 else None
        child = subprocess.Popen([PROGRAM, "-q", str(settings)], user=user)
        try:
            _wait(child, port)
            yield f"postgresql://{server.username}@127.0.0.1:{port}{server.path}"
        finally:
            child.kill()
            child.wait()


def _wait(child: "subprocess.Popen[bytes]", port: int) -> None:
    deadline = time.monotonic() + 20
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            assert child.poll() is None, "pgbouncer ended"
            assert time.monotonic() < deadline
            time.sleep(0.02)


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
