from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import Sandbox, start_sandbox
from waypost.sandbox.settings import SandboxSettings

from .companion import Companion, Door

SHOP = "+4915200000001"


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with start_sandbox(SandboxSettings(data=tmp_path, close_delay=0.05)) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[SandboxClient]:
    async with SandboxClient(sandbox.control_url) as client:
        yield client


@pytest.fixture
async def companion(sandbox: Sandbox, client: SandboxClient) -> Companion:
    """A companion that is linked to the shop's phone and has the key of its app state, not connected."""
    companion = await link(sandbox, client)
    async with companion.connected(sandbox, companion.login()):
        await companion.take_key()
    return companion


async def link(sandbox: Sandbox | Door, client: SandboxClient) -> Companion:
    import asyncio

    companion = Companion()
    await client.add_phone(SHOP)
    async with companion.connected(sandbox, companion.registration()):
        offer = (await companion.next("iq")).need_child("pair-device")
        refs = [node.data for node in offer.children("ref")]
        assert len(refs) == 6
        scanning = asyncio.create_task(client.scan(SHOP, companion.qr(refs[2])))
        await companion.accept(await companion.next("iq"))
        await scanning
        await companion.next("stream:error", code="515")
    return companion
