"""A send cut off by kill -9 whose outcome nothing can tell: it ends, or is made again by choice."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
import pytest_asyncio
from tests.chaos.load import native_notes

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact, NewFailure
from waypost.testing.gateway_stage import until
from waypost.testing.processes import Pair, sandbox_and_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

BASE = "/api/whatsapp/v2"
ADA = "447700910901"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def pair(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Pair]:
    folder = tmp_path_factory.mktemp("unknown")
    found = sandbox_and_gateway(
        folder, {"WAYPOST_UNKNOWN_SECONDS": "2", "WAYPOST_LIMIT_CREATE_INSTANCE": "0"}
    )
    await found.sandbox.start()
    await found.gateway.start()
    try:
        yield found
    finally:
        await found.gateway.stop()
        await found.sandbox.stop()


@pytest.mark.timeout(180)
@pytest.mark.parametrize(("chosen", "status", "copies"), [("fail", "failed", 1), ("resend", "sent", 2)])
async def test_what_stays_unknown_after_a_kill_fails_or_is_sent_again_as_it_was_chosen(
    pair: Pair, chosen: str, status: str, copies: int
) -> None:
    phone, ada = f"44770090090{copies}", f"{ADA}{copies}"[-12:]
    note = (await native_notes(2, 7))[copies - 1]
    async with (
        SandboxClient(pair.control_url) as sandbox,
        httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=40) as http,
    ):
        # Neither she nor the own phone confirms anything, so that no receipt settles it.
        await sandbox.add_contact(NewContact(f"+{ada}", "Ada", delivered_after=None))
        path, headers = await _paired(pair, http, sandbox, phone)
        changed = await http.patch(path, headers=headers, json={"when_unknown": chosen})
        assert changed.json()["when_unknown"] == chosen
        await sandbox.fail(NewFailure("no_receipts"))
        await sandbox.fail(NewFailure("withhold_ack", phone=f"+{phone}", times=1))
        answer = await http.post(
            f"{path}/send-voice",
            headers=headers,
            data={"chatId": ada},
            files={"file": ("note.ogg", note)},
        )
        await sandbox.next_message(f"+{ada}", 0, 20.0)
        await pair.gateway.kill()
        await pair.gateway.start()
        link = f"{path}/queued-requests/{answer.json()['queued_request_uuid']}"

        async def look() -> Any:
            return (await http.get(link, headers=headers)).json()

        found = await until(look, lambda one: one.get("finished_at") is not None, 60.0)
        assert found["status"] == status, found
        assert (found["error"] or {}).get("code") == ("outcome_unknown" if chosen == "fail" else None)

        async def arrived() -> int:
            return len((await sandbox.inbox(f"+{ada}", 0, 0)).messages)

        # The server takes a message before she has it.
        await until(arrived, lambda count: count >= copies, 20.0)
        assert await arrived() == copies


async def _paired(
    pair: Pair, http: httpx.AsyncClient, sandbox: SandboxClient, phone: str
) -> tuple[str, dict[str, str]]:
    admin = {"Authorization": f"Bearer {pair.admin_token}"}
    body = {"name": phone, "phone": f"+{phone}"}
    made = (await http.post(f"{BASE}/create-instance", headers=admin, json=body)).json()
    await sandbox.add_phone(f"+{phone}")
    await sandbox.scan(f"+{phone}", made["qr_text"])
    path, headers = f"{BASE}/{made['id']}", {"Authorization": f"Bearer {made['access_token']}"}

    async def health() -> Any:
        return (await http.get(f"{path}/health", headers=headers)).json()["status"]

    await until(health, lambda state: state == "WORKING", 60.0)
    return path, headers
