import asyncio
import json
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.wire.node import LID_SERVER, Jid

from .companion import Door
from .conftest import link

ADA = "+491700000001"


@asynccontextmanager
async def serving(folder: Path) -> AsyncIterator[tuple[asyncio.subprocess.Process, SandboxClient]]:
    """`waypost sandbox serve` in a process of its own, on free ports."""
    words = ["serve", "--data", str(folder), "--control-port", "0", "--proxy-port", "0", "--json"]
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", f"from waypost.cli.sandbox import app; app({words!r})",
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.DEVNULL,
    )  # fmt: skip
    assert process.stdout is not None
    try:
        async with asyncio.timeout(20):
            ready = json.loads(await process.stdout.readline())
        async with SandboxClient(ready["control_url"]) as client:
            yield process, client
    finally:
        if process.returncode is None:
            process.terminate()
        await process.wait()


async def test_what_was_acked_survives_a_kill(tmp_path: Path) -> None:
    async with serving(tmp_path) as (process, client):
        view = await client.network()
        door = Door(view.media_host, tmp_path / "ca.pem", view.noise_root_public)
        companion = await link(door, client)
        to = Jid((await client.contact(ADA)).lid, LID_SERVER)
        async with companion.connected(door, companion.login()):
            for number in range(50):
                await companion.send(await companion.text(to, f"text {number}", f"ID{number}"))
            await companion.next("ack", id="ID29")
            process.kill()
            await process.wait()
    async with (
        start_sandbox(SandboxSettings(data=tmp_path)) as sandbox,
        SandboxClient(sandbox.control_url) as client,
    ):
        async with asyncio.timeout(10):
            while len(messages := (await client.inbox(ADA)).messages) < 30:
                await asyncio.sleep(0.02)
        expected = [(f"text {number}", 1) for number in range(30)]
        assert [(message.text, message.times) for message in messages][:30] == expected
