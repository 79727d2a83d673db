"""A real sandbox process under clients that mean harm: afterwards a good one is linked and heard, in the same
process and with bounded memory."""

import asyncio
import gc
import os
import random
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import psutil
import pytest
from tests.fuzz.attackers import Town, attack, loitering, port_of
from tests.unit.sandbox.server.companion import Companion, Door

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.wire.node import LID_SERVER, Jid
from waypost.testing.processes import Process, sandbox_and_gateway

pytestmark = [pytest.mark.process, pytest.mark.timeout(int(os.environ.get("FUZZ_SECONDS", "0")) + 180)]

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))
# Another one each time in `make fuzz`; FUZZ_SEED repeats it as far as chance goes.
SEED = int(os.environ.get("FUZZ_SEED", int(time.time()) if "FUZZ_SECONDS" in os.environ else 1))
ADA = "+491700000001"
_AT_ONCE = 12
_LOITERING = 25
_GROWTH_MB = 150


@pytest.fixture
async def process(tmp_path: Path) -> AsyncIterator[Process]:
    process = sandbox_and_gateway(tmp_path).sandbox
    await process.start()
    try:
        yield process
    finally:
        await process.stop()


async def _linked(client: SandboxClient, door: Door, phone: str) -> Companion:
    companion = Companion()
    await client.add_phone(phone)
    async with companion.connected(door, companion.registration()):
        refs = (await companion.next("iq")).need_child("pair-device").children("ref")
        scanning = asyncio.create_task(client.scan(phone, companion.qr(next(refs).data)))
        await companion.accept(await companion.next("iq"))
        await scanning
    return companion


async def _is_heard(client: SandboxClient, door: Door, companion: Companion, text: str) -> None:
    """A text of the companion reaches Ada, and her receipt the companion."""
    to = Jid((await client.contact(ADA)).lid, LID_SERVER)
    before = (await client.inbox(ADA)).last
    async with companion.connected(door, companion.login()):
        await companion.next("success")
        await companion.activate()
        await companion.send(await companion.text(to, text, text.upper()))
        assert (await client.next_message(ADA, before)).text == text
        while (await companion.next("receipt")).attr("id") != text.upper():
            pass


async def _found(client: SandboxClient, process: Process, folder: Path) -> tuple[Door, dict[str, int]]:
    """The door of a sandbox process, and its ports by name."""
    view = await client.network()
    (folder / "ca.pem").write_text(view.ca_pem)
    ports = {
        "network": port_of(view.media_host),
        "proxy": port_of(view.proxy_url),
        "control": port_of(process.ready_url),
    }
    return Door(view.media_host, folder / "ca.pem", view.noise_root_public), ports


async def test_clients_that_mean_harm_leave_a_sandbox_that_serves_good_ones(
    process: Process, tmp_path: Path
) -> None:
    async with SandboxClient(process.ready_url.removesuffix("/v1/network")) as client:
        door, ports = await _found(client, process, tmp_path)
        good = await _linked(client, door, "+4915200000001")
        trust = ssl.create_default_context(cafile=str(door.ca))
        bad = await _linked(client, door, "+4915200000002")
        town = Town(door, ports, bad, random.Random(SEED), trust)
        running = psutil.Process(process.pid)
        await _is_heard(client, door, good, "before")
        before, files = running.memory_info().rss, running.num_fds()
        visits: Counter[str] = Counter()
        async with loitering(town, _LOITERING):
            end = time.monotonic() + SECONDS

            async def attacked() -> None:
                while time.monotonic() < end:
                    visits[await attack(town)] += 1

            await asyncio.gather(*(attacked() for _ in range(_AT_ONCE)))
            await _is_heard(client, door, good, "meanwhile")
        await _is_heard(client, door, await _linked(client, door, "+4915200000003"), "after")
        grown = (running.memory_info().rss - before) / 2**20
        counts = (await client.stats()).counts
        print(f"malformed clients, seed {SEED}: {dict(visits)}; {counts}; {grown:+.0f} MB")
        assert running.is_running()
        assert running.pid == process.pid
        assert grown < _GROWTH_MB
        await _until_closed(running, files + 20)
    await _abandon_handshakes()
    assert "Traceback" not in process.log.read_text(), process.tail(60)


async def _abandon_handshakes() -> None:
    """Close what asyncio leaves open where a connect is cancelled within its TLS handshake: nothing else
    refers to it, and whichever test runs at its collection would be blamed."""
    left = [one for one in gc.get_objects() if type(one).__name__ == "_SSLProtocolTransport"]
    for transport in left:
        transport.abort()
    await asyncio.sleep(0.1)  # the loop's own turn to close the sockets


async def _until_closed(running: psutil.Process, most: int) -> None:
    async with asyncio.timeout(30):
        while running.num_fds() > most:
            await asyncio.sleep(0.1)


@pytest.mark.skipif(not hasattr(psutil.Process, "rlimit"), reason="a process's limits are set on Linux only")
async def test_a_sandbox_that_ran_out_of_files_serves_again_when_the_crowd_has_left(
    process: Process, tmp_path: Path
) -> None:
    async with SandboxClient(process.ready_url.removesuffix("/v1/network")) as client:
        door, ports = await _found(client, process, tmp_path)
        running = psutil.Process(process.pid)
        most = running.num_fds() + 30
        running.rlimit(psutil.RLIMIT_NOFILE, (most, most))
        crowd = [await asyncio.open_connection("127.0.0.1", ports["network"]) for _ in range(60)]
        async with asyncio.timeout(20):
            while running.num_fds() < most - 2:
                await asyncio.sleep(0.05)
        for _, writer in crowd:
            writer.transport.abort()
        await _until_closed(running, most - 20)
        async with SandboxClient(process.ready_url.removesuffix("/v1/network")) as again:
            await _is_heard(again, door, await _linked(again, door, "+4915200000001"), "afterwards")
        assert running.is_running()
