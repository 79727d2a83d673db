"""What the server does to a session becomes a typed state with its reason."""

import time
from pathlib import Path

import psutil
import pytest

from waypost.engine.port import Paired, PairingFailed, QrCode, StateChanged
from waypost.engine.settings import EngineSettings
from waypost.errors import EngineError
from waypost.sandbox.views import NewFailure
from waypost.testing.engine_stage import EngineStage, engine_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest.fixture(scope="module", name="stage")
def _stage(shared_stage: EngineStage) -> EngineStage:
    return shared_stage


async def test_an_unlinked_device_is_logged_out_and_its_store_deleted(
    stage: EngineStage, shop: str, phone: str
) -> None:
    await stage.paired(shop, phone)
    await stage.connected(shop)
    await stage.sandbox.unlink(phone)
    assert await stage.events.state(shop, "logged_out") == "unlinked"
    await stage.events.until(lambda: not (stage.settings.folder / f"instances/{shop}/store").exists())
    assert stage.engine.session(shop) is None
    with pytest.raises(EngineError):
        await stage.engine.open(shop, stage.network)


async def test_a_logout_unlinks_the_device_at_the_phone(stage: EngineStage, shop: str, phone: str) -> None:
    await stage.paired(shop, phone)
    await stage.connected(shop)
    assert len((await stage.sandbox.phone(phone)).devices) == 1
    await stage.engine.logout(shop)
    assert not (await stage.sandbox.phone(phone)).devices
    assert not (stage.settings.folder / f"instances/{shop}/store").exists()


async def test_a_logout_unlinks_a_device_that_is_not_connected_too(
    stage: EngineStage, shop: str, phone: str
) -> None:
    """As when the wrong phone has scanned."""
    await stage.paired(shop, phone)
    await stage.engine.logout(shop)
    assert not (await stage.sandbox.phone(phone)).devices
    assert stage.engine.session(shop) is None


async def test_a_device_that_was_unlinked_while_away_is_logged_out_at_its_return(
    stage: EngineStage, shop: str, phone: str
) -> None:
    await stage.paired(shop, phone)
    await stage.sandbox.fail(NewFailure(kind="logged_out", phone=phone, times=1))
    await stage.engine.open(shop, stage.network)
    assert await stage.events.state(shop, "logged_out") == "logged_out"
    assert (await stage.paired(shop, phone)).jid


async def test_a_banned_account_says_until_when(stage: EngineStage, shop: str, phone: str) -> None:
    await stage.paired(shop, phone)
    await stage.sandbox.fail(NewFailure(kind="ban", phone=phone, code=101, seconds=3600, times=1))
    await stage.engine.open(shop, stage.network)
    assert await stage.events.state(shop, "banned") == "send_to_too_many_people"
    events = [event for event in stage.events.events if isinstance(event, StateChanged)]
    event = next(event for event in events if (event.instance_id, event.state) == (shop, "banned"))
    assert event.until is not None
    assert 3500 < event.until - time.time() <= 3600


async def test_an_outdated_client_is_not_tried_again(stage: EngineStage, shop: str, phone: str) -> None:
    await stage.paired(shop, phone)
    await stage.sandbox.fail(NewFailure(kind="outdated", phone=phone, times=1))
    await stage.engine.open(shop, stage.network)
    assert await stage.events.state(shop, "outdated") == "client_outdated"
    await stage.events.until(lambda: not any(shop in process.sessions for process in stage.engine.processes))
    await stage.connected(shop)  # told to, it is


async def test_a_session_that_is_replaced_stays_away_until_it_is_opened_again(
    stage: EngineStage, shop: str, phone: str
) -> None:
    await stage.paired(shop, phone)
    await stage.connected(shop)
    await stage.sandbox.fail(NewFailure(kind="replaced", phone=phone, times=1))
    assert await stage.events.state(shop, "replaced") == "connected_elsewhere"
    assert stage.engine.session(shop) is None
    await stage.connected(shop)


async def test_a_server_in_trouble_is_tried_until_it_answers(
    stage: EngineStage, shop: str, phone: str
) -> None:
    await stage.paired(shop, phone)
    await stage.sandbox.fail(NewFailure(kind="server_error", phone=phone, code=503, times=1))
    await stage.connected(shop)
    assert await stage.events.state(shop, "disconnected") == "connection_lost"


async def test_a_pairing_begun_anew_shows_another_code_that_works(
    stage: EngineStage, shop: str, phone: str
) -> None:
    first = await stage.code(shop)
    second = await stage.code(shop)
    assert first.text != second.text
    await stage.sandbox.add_phone(phone)
    await stage.sandbox.scan(phone, second.text)
    await stage.events.until(lambda: isinstance(stage.events.steps[-1][1], Paired))


async def test_a_pairing_whose_process_dies_goes_on_with_a_new_code(
    stage: EngineStage, shop: str, phone: str
) -> None:
    await stage.code(shop)
    seen = len(stage.events.steps)
    folder = next((stage.settings.folder / f"instances/{shop}").glob("pairing-*"))
    for child in psutil.Process().children():
        if any("waypost.engine.hosts" in word for word in child.cmdline()):
            child.kill()
    await stage.events.until(lambda: len(stage.events.steps) > seen)
    step = stage.events.steps[seen][1]
    assert isinstance(step, QrCode)
    assert not folder.exists()
    await stage.engine.stop_pairing(shop)
    assert not list((stage.settings.folder / f"instances/{shop}").glob("pairing-*"))


async def test_a_pairing_that_nobody_scans_ends_with_a_reason(tmp_path: Path, shop: str) -> None:
    async with engine_stage(tmp_path, EngineSettings(folder=tmp_path, pairing_within=1.5)) as stage:
        await stage.engine.pair(shop, stage.network)
        await stage.events.until(
            lambda: isinstance(stage.events.steps[-1][1], PairingFailed) if stage.events.steps else False
        )
        assert isinstance(stage.events.steps[0][1], QrCode)
