"""A gateway that moves by a backup, as docs/operations.md says."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator
from pathlib import Path

import httpx

from waypost.gateway import start_gateway
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import Sandbox, start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.views import NewContact
from waypost.storage.backup import write
from waypost.storage.restore import restore
from waypost.telemetry import make_log
from waypost.testing.gateway_stage import CONTACT, PHONE, PairedInstance, Stage, settings_for

AUDIO = Path(__file__).parents[1] / "audio" / "greeting.amr"
ADMIN = "1|a-token-that-moves-along"
LOG = make_log("error", "text")


@contextlib.asynccontextmanager
async def running(folder: Path, sandbox: Sandbox, control: SandboxClient) -> AsyncIterator[Stage]:
    """A gateway on what `folder` holds."""
    async with (
        start_gateway(settings_for(folder, sandbox, admin_token=ADMIN), log=LOG) as gateway,
        httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=40) as http,
    ):
        admin = {"Authorization": f"Bearer {ADMIN}", "Accept": "application/json"}
        nobody = PairedInstance(id="", token="", phone="")
        yield Stage(
            gateway=gateway, sandbox=sandbox, control=control, http=http, admin=admin, instance=nobody
        )


async def file_of(stage: Stage, shop: PairedInstance, message: str) -> bytes:
    answer = await stage.http.get(
        f"{shop.base}/messages/download", headers=shop.headers, params={"messageId": message}
    )
    assert answer.status_code == 200, answer.text
    link = httpx.URL(answer.json()["data"]["url"])
    return (await stage.http.get(link.raw_path.decode())).raise_for_status().content


async def test_a_gateway_that_was_moved_goes_on_without_being_paired_again(tmp_path: Path) -> None:
    backup, old, new = tmp_path / "backup", tmp_path / "old", tmp_path / "new"
    async with (
        start_sandbox(SandboxSettings(data=tmp_path / "sandbox"), log=LOG) as sandbox,
        SandboxClient(sandbox.control_url) as control,
    ):
        await control.add_contact(NewContact(f"+{CONTACT}", "Ada"))
        async with running(old, sandbox, control) as stage:
            shop = await stage.pair("shop", PHONE)
            sent = await stage.finished(await stage.send_voice(AUDIO.read_bytes(), instance=shop), shop)
            message = sent["response_body"]["key"]["id"]
            note = await file_of(stage, shop, message)
        await asyncio.to_thread(write, old / "gateway", backup, time.time())
        restored = await asyncio.to_thread(
            lambda: restore(
                backup, new / "gateway", time.time(), sessions=True, send_queued=True, keep_files=60.0
            )
        )
        assert (restored.sessions, restored.held_back) == (1, 0)
        async with running(new, sandbox, control) as stage:
            await stage.status(shop, "WORKING")
            again = await stage.finished(await stage.send_voice(AUDIO.read_bytes(), instance=shop), shop)
            assert again["status"] == "sent", again
            assert await file_of(stage, shop, message) == note
            inbox = (await control.inbox(f"+{CONTACT}")).messages
            assert [(one.type, one.media, one.times) for one in inbox] == [("audio", "ok", 1)] * 2
            assert len((await control.phone(f"+{PHONE}")).devices) == 1
