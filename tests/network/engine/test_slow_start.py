"""A session that starts slowly never endangers the others, and a slow network moves nobody."""

import asyncio
import contextlib
import sqlite3
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from urllib.parse import urlsplit

import msgspec
import pytest
from structlog.testing import capture_logs
from structlog.typing import EventDict

from waypost.engine.store_folder import instance_folder
from waypost.errors import ENGINE_DIED, NOT_CONNECTED, EngineError
from waypost.sandbox.views import NewContact
from waypost.testing.engine_stage import EngineStage, text_order

ANN = "+4915200000001"


@pytest.fixture
def log() -> Iterator[list[EventDict]]:
    with capture_logs() as log:
        yield log


class Chatter:
    """Sends text after text from one session, each until it is sent, as the outbox does."""

    def __init__(self, stage: EngineStage, instance_id: str) -> None:
        self._stage = stage
        self._instance_id = instance_id
        self._over = False
        self.texts: list[str] = []
        self.setbacks: list[str] = []
        self._task = asyncio.create_task(self._send_all())

    async def more(self, count: int) -> None:
        """Wait until `count` texts more have been sent."""
        wanted = len(self.texts) + count
        async with asyncio.timeout(30):
            while len(self.texts) < wanted:
                if self._task.done():
                    self._task.result()
                await asyncio.sleep(0.01)

    async def end(self) -> None:
        """Stop, and see that the contact has each text once, in order."""
        self._over = True
        await self._task
        seen: list[str] = []
        after = 0
        async with asyncio.timeout(20):
            while len(seen) < len(self.texts):
                inbox = await self._stage.sandbox.inbox(ANN, after=after, wait=5)
                after = inbox.last
                seen += [message.text or "" for message in inbox.messages]
        messages = (await self._stage.sandbox.inbox(ANN, after=0)).messages
        assert seen == self.texts
        assert {message.times for message in messages} == {1}

    async def _send_all(self) -> None:
        while not self._over:
            text = f"text {len(self.texts)}"
            await self._send(text)
            self.texts.append(text)

    async def _send(self, text: str) -> None:
        while True:
            session = await self._stage.session(self._instance_id)
            try:
                await session.send(text_order(text, ANN))
            except EngineError as error:  # what does not say that nothing was sent ends the test
                if error.fault not in (NOT_CONNECTED, ENGINE_DIED):
                    raise
                self.setbacks.append(error.message)
                await asyncio.sleep(0.02)
            else:
                return


@contextlib.contextmanager
def locked(stage: EngineStage, names: Sequence[str]) -> Iterator[contextlib.ExitStack]:
    """Nobody else can open the stores of these sessions; close the stack to let go."""
    with contextlib.ExitStack() as locks:
        for name in names:
            database = instance_folder(stage.settings.folder / "instances", name).database
            store = locks.enter_context(closing(sqlite3.connect(database, isolation_level=None)))
            store.execute("PRAGMA locking_mode = EXCLUSIVE")
            store.execute("BEGIN EXCLUSIVE")
        yield locks


async def chatting(stage: EngineStage, others: Sequence[str]) -> Chatter:
    """A session `shop` that sends without end, and others that are paired."""
    await stage.sandbox.add_contact(NewContact(phone=ANN))
    for number, name in enumerate(["shop", *others]):
        await stage.paired(name, f"+49151000000{number:02}")
    await stage.connected("shop")
    chatter = Chatter(stage, "shop")
    await chatter.more(3)
    return chatter


def homes(stage: EngineStage) -> dict[str, int]:
    """The engine process of each session."""
    return {name: process.pid for process in stage.engine.processes for name in process.sessions}


def crashes(log: list[EventDict]) -> list[EventDict]:
    return [line for line in log if line["event"] == "engine_process_crashed"]


@pytest.mark.parametrize("slow", [1, 3])
async def test_sessions_that_start_slowly_move_away_and_the_others_lose_nothing(
    stage: EngineStage, log: list[EventDict], slow: int
) -> None:
    names = [f"slow-{number}" for number in range(slow)]
    chatter = await chatting(stage, names)
    before = homes(stage)
    with locked(stage, names) as locks:
        for name in names:
            await stage.engine.open(name, stage.network)
        await stage.events.until(
            lambda: len({homes(stage).get(name) for name in ["shop", *names]} - {None}) == slow + 1
        )
        await chatter.more(20)  # while the others still can't start
        assert all(stage.engine.session(name) is None for name in names)
        locks.close()
        for name in names:
            await stage.session(name)
    await chatter.more(3)
    await chatter.end()
    after = homes(stage)
    assert after["shop"] != before["shop"]
    assert len(set(after.values())) == slow + 1  # each slow one has its own
    assert any(line["event"] == "engine_start_slow" for line in log)
    assert not crashes(log)


async def test_a_slow_session_that_is_closed_meanwhile_leaves_the_others_at_work(
    stage: EngineStage, log: list[EventDict]
) -> None:
    chatter = await chatting(stage, ["slow"])
    with locked(stage, ["slow"]) as locks:
        await stage.engine.open("slow", stage.network)
        await stage.events.until(lambda: "slow" in homes(stage))
        await stage.engine.close("slow")
        assert "slow" not in homes(stage)
        await chatter.more(10)
        locks.close()
    await stage.connected("slow")
    await chatter.more(3)
    await chatter.end()
    assert not crashes(log)


class Network:
    """The way to the sandbox's proxy; connections are let through, held, or refused."""

    def __init__(self, proxy_url: str) -> None:
        self._to = urlsplit(proxy_url)
        self.held = 0
        self.refuses = False
        self._free = asyncio.Event()
        self._free.set()

    def hold(self) -> None:
        self._free.clear()

    def let_through(self) -> None:
        self.refuses = False
        self._free.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            if self.refuses or not self._free.is_set():
                self.held += 1
            await self._free.wait()
            if not self.refuses:
                theirs, there = await asyncio.open_connection(self._to.hostname, self._to.port)
                await asyncio.gather(_pump(reader, there), _pump(theirs, writer))
        writer.close()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(1 << 16):
            writer.write(data)
            await writer.drain()
    writer.close()


@pytest.fixture
def network(stage: EngineStage) -> Network:
    return Network(stage.network.proxy_url or "")


@pytest.fixture
async def far_stage(stage: EngineStage, network: Network) -> AsyncIterator[EngineStage]:
    """`stage`, whose engine goes through `network`."""
    async with AsyncExitStack() as stack:
        server = await asyncio.start_server(network.serve, "127.0.0.1", 0)
        stack.callback(server.close)
        port = server.sockets[0].getsockname()[1]
        there = msgspec.structs.replace(stage.network, proxy_url=f"http://127.0.0.1:{port}")
        yield replace(stage, network=there)
        await stage.engine.close("shop")
        await stage.engine.close("late")


@pytest.mark.parametrize("how", ["held", "refused"])
async def test_a_network_that_does_not_answer_moves_nobody(
    far_stage: EngineStage, network: Network, log: list[EventDict], how: str
) -> None:
    stage = far_stage
    chatter = await chatting(stage, ["late"])
    before = homes(stage)
    network.refuses = how == "refused"
    if how == "held":
        network.hold()
    await stage.engine.open("late", stage.network)
    await stage.events.until(lambda: network.held > (2 if network.refuses else 0))
    since = asyncio.get_running_loop().time()
    await stage.events.until(lambda: asyncio.get_running_loop().time() - since > 1.5)
    await chatter.more(10)
    assert stage.engine.session("late") is None
    network.let_through()
    await stage.session("late")
    await chatter.end()
    assert chatter.setbacks == []
    assert homes(stage) == {"shop": before["shop"], "late": before["shop"]}
    assert not crashes(log)


async def test_a_session_that_is_closed_before_the_network_answers_moves_nobody(
    far_stage: EngineStage, network: Network, log: list[EventDict]
) -> None:
    stage = far_stage
    chatter = await chatting(stage, ["late"])
    before = homes(stage)
    network.hold()
    await stage.engine.open("late", stage.network)
    await stage.events.until(lambda: network.held > 0)
    await stage.engine.close("late")
    await chatter.more(3)
    network.let_through()
    await stage.connected("late")
    await chatter.end()
    assert chatter.setbacks == []
    assert homes(stage)["shop"] == before["shop"]
    assert not crashes(log)
