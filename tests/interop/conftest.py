"""One network, one gateway and one phone per engine for the whole table, which ends the report."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from tests.interop.engines import whatsmeow_engine
from tests.interop.gateway import Waypost, paired
from tests.interop.rows import Stage
from tests.interop.told import PUZZLED, Told

from waypost.sandbox.client import SandboxClient
from waypost.testing.baileys.install import install
from waypost.testing.phones import Engine, Phone, baileys_engine, running_phone
from waypost.testing.processes import Pair, sandbox_and_gateway

ROOT = Path(__file__).parents[2]
SOURCE = ROOT / "src/waypost/cli/demo/audio/greeting.mp3"
OUR_NUMBER = "447700900001"
NUMBERS = {"baileys": "447700900011", "whatsmeow": "447700900012"}

TOLD = Told()


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """`make test` leaves this folder to `make interop`, which brings Node: it runs when it is named."""
    return None if _named(config) or collection_path.suffix != ".py" else True


def _named(config: pytest.Config) -> bool:
    return any("interop" in str(argument) for argument in config.args)


@pytest.fixture(scope="session")
def told() -> Told:
    return TOLD


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    pair = sandbox_and_gateway(tmp_path_factory.mktemp("interop"))
    try:
        await pair.sandbox.start()
        await pair.gateway.start()
        yield pair
    finally:
        await pair.gateway.stop()
        await pair.sandbox.stop()


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def sandbox(pair: Pair) -> AsyncIterator[SandboxClient]:
    async with SandboxClient(pair.control_url) as client:
        yield client


@pytest_asyncio.fixture(loop_scope="session", autouse=True)
async def watched(sandbox: SandboxClient, told: Told) -> AsyncIterator[None]:
    """The sandbox's log keeps 2000 lines, a row makes some 50: read after each, none is missed.

    Whatever the sandbox could not make sense of fails the test in which an engine said it.
    """
    before = (await sandbox.stats()).counts
    yield
    lines = await sandbox.log(2000)
    told.watch(lines, {OUR_NUMBER: "waypost", **{NUMBERS[name]: name for name in NUMBERS}})
    after = (await sandbox.stats()).counts
    puzzled = [name for name in PUZZLED if after.get(name, 0) > before.get(name, 0)]
    assert not puzzled, (puzzled, [line.what for line in lines if line.way == "note"][-5:])


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def us(pair: Pair, sandbox: SandboxClient) -> AsyncIterator[Waypost]:
    async with httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=40) as http:
        yield await paired(pair, http, sandbox, OUR_NUMBER)


@pytest_asyncio.fixture(scope="session", loop_scope="session", params=["baileys", "whatsmeow"])
async def engine(request: pytest.FixtureRequest, told: Told) -> Engine:
    engine = whatsmeow_engine()
    if request.param == "baileys":
        engine = baileys_engine(await install(ROOT / ".interop" / "baileys"))
    told.engines[engine.name] = engine.version
    return engine


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def phone(engine: Engine, sandbox: SandboxClient, pair: Pair) -> AsyncIterator[Phone]:
    number = NUMBERS[engine.name]
    async with running_phone(engine, sandbox, number, engine.name.title(), pair.folder) as phone:
        yield phone


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def stage(us: Waypost, phone: Phone, sandbox: SandboxClient, pair: Pair) -> Stage:
    """The note of all rows is what the converter makes of the source: a contact is sent it once."""
    ada = (await sandbox.contacts())[0]
    before = (await sandbox.inbox(ada.phone)).last
    await us.send_voice(f"{ada.phone[1:]}@c.us", SOURCE)
    got = await sandbox.next_message(ada.phone, before)
    assert got.audio is not None
    note = pair.folder / "note.ogg"
    note.write_bytes(await sandbox.media(ada.phone, got.seq))
    waveform = base64.b64encode(got.audio.waveform).decode()
    group = await us.create_group("Interop", f"{phone.number}@c.us")
    return Stage(us, phone, sandbox, SOURCE, note, got.audio.seconds, waveform, group)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if not TOLD.rows:
        if not _named(terminalreporter.config):
            terminalreporter.write_line(
                "tests/interop is left to `make interop`, which brings Node and Baileys"
            )
        return
    terminalreporter.section("what the other engines decrypted")
    for name, version in TOLD.engines.items():
        terminalreporter.write_line(f"{name}: {version}")
    for change in TOLD.changes:
        terminalreporter.write_line(change)
    widths = [max(len(row[column]) for row in TOLD.rows) for column in range(3)]
    for row in TOLD.rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=False))
        terminalreporter.write_line("  ".join((*cells, row[3])))
