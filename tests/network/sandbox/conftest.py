import asyncio
import base64
import itertools
import json
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import Sandbox, start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.views import NewContact

SHOP = "+4915200000001"
DRIVER = Path(__file__).with_name("engine_driver.py")


class Engine:
    """A process that runs the real engine; its events are kept in order."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process
        self._events: list[dict[str, Any]] = []
        self._answers: dict[int, asyncio.Future[Any]] = {}
        self._changed = asyncio.Condition()
        self._count = 0
        self._reader = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self._process.stdout is not None
        while line := await self._process.stdout.readline():
            event = json.loads(line)
            if "answer" in event:
                self._answers.pop(event["answer"]).set_result(event)
                continue
            async with self._changed:
                self._events.append(event)
                self._changed.notify_all()
        # What still waits would never come.
        async with self._changed:
            self._events.append({"event": "started", "died": True})
            self._changed.notify_all()

    async def event(self, name: str, within: float = 20.0, **wanted: Any) -> dict[str, Any]:
        """The first event of that name and content, awaited and taken out."""

        def found() -> dict[str, Any] | None:
            for event in self._events:
                if event.get("event") == name and all(
                    event.get(key) == value for key, value in wanted.items()
                ):
                    return event
            return None

        try:
            async with asyncio.timeout(within), self._changed:
                while (event := found()) is None:
                    await self._changed.wait()
        except TimeoutError:
            raise AssertionError(f"no {name} {wanted} within {within} s; there were {self._events}") from None
        self._events.remove(event)
        return event

    def seen(self, name: str) -> list[dict[str, Any]]:
        return [event for event in self._events if event.get("event") == name]

    async def call(self, call: str, **args: Any) -> Any:
        self._count += 1
        future: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers[self._count] = future
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"n": self._count, "call": call, "args": args}).encode() + b"\n")
        async with asyncio.timeout(60):
            answer = await future
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer["result"]

    async def kill(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()
        self._reader.cancel()


@pytest.fixture
async def sandbox(tmp_path: Path) -> AsyncIterator[Sandbox]:
    async with start_sandbox(SandboxSettings(data=tmp_path / "sandbox")) as running:
        yield running


@pytest.fixture
async def client(sandbox: Sandbox) -> AsyncIterator[SandboxClient]:
    async with SandboxClient(sandbox.control_url) as client:
        yield client


@asynccontextmanager
async def running_engine(client: SandboxClient, folder: Path, name: str) -> AsyncIterator[Engine]:
    network = await client.network()
    trusted = folder / "trusted"
    trusted.mkdir(exist_ok=True)
    (trusted / "ca.pem").write_text(network.ca_pem)
    environment = {
        **os.environ, "SSL_CERT_DIR": str(trusted), "NEONIZE_BOT_TAG": "off", "PYTHONUNBUFFERED": "1"
    }  # fmt: skip
    root = base64.b64encode(network.noise_root_public).decode()
    with (folder / f"{name}.log").open("ab") as log:
        process = await asyncio.create_subprocess_exec(
            sys.executable, str(DRIVER), str(folder / f"{name}.db"), network.proxy_url, root,
            stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE, stderr=log, env=environment,
            limit=1 << 26, cwd=folder,
        )  # fmt: skip
    engine = Engine(process)
    try:
        await engine.event("started", 30)
        yield engine
    finally:
        await engine.kill()


StartEngine = Callable[[str], Awaitable[Engine]]


@pytest.fixture
async def start_engine(client: SandboxClient, tmp_path: Path) -> AsyncIterator[StartEngine]:
    async with AsyncExitStack() as stack:

        async def start(name: str = "engine") -> Engine:
            return await stack.enter_async_context(running_engine(client, tmp_path, name))

        yield start


@pytest.fixture
async def paired(client: SandboxClient, start_engine: StartEngine) -> Engine:
    """An engine linked to the phone +4915200000001 and connected."""
    return await pair(client, await start_engine("engine"), SHOP)


async def pair(client: SandboxClient, engine: Engine, phone: str) -> Engine:
    await client.add_phone(phone, "Shop")
    code = await engine.event("qr")
    await client.scan(phone, code["text"])
    await engine.event("connected")
    return engine


@dataclass(frozen=True)
class Shop:
    """An engine that is linked to the phone SHOP and stays so for a whole module."""

    client: SandboxClient
    engine: Engine


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def shop(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Shop]:
    folder = tmp_path_factory.mktemp("shop")
    async with AsyncExitStack() as stack:
        running = await stack.enter_async_context(start_sandbox(SandboxSettings(data=folder / "sandbox")))
        client = await stack.enter_async_context(SandboxClient(running.control_url))
        engine = await stack.enter_async_context(running_engine(client, folder, "engine"))
        yield Shop(client, await pair(client, engine, SHOP))


_numbers = itertools.count(491700000100)


@pytest_asyncio.fixture(loop_scope="module")
async def ada(shop: Shop) -> str:
    """The number of a contact that nobody has written to."""
    contact = NewContact(f"+{next(_numbers)}", "Ada", read_after=0.1, played_after=0.2)
    return (await shop.client.add_contact(contact)).phone
