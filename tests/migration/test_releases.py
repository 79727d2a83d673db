"""An upgrade keeps every pairing: the code of today on the data of each release."""

import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.migration.old_release import RELEASES, Remains, restored, unpacked

from waypost.gateway import start_gateway
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.telemetry import make_log
from waypost.testing.gateway_stage import settings_for, until
from waypost.testing.postgres import PostgresServer

AUDIO = Path(__file__).parents[1] / "audio" / "greeting.amr"
# Recorded long ago, and not to be swept away before it was looked at.
YEARS = 100 * 365 * 86400.0
KEPT = {
    "expires_seconds": YEARS,
    "keep_requests_seconds": YEARS,
    "keep_messages_seconds": YEARS,
    "keep_sent_files_seconds": YEARS,
    "keep_failed_files_seconds": YEARS,
}


class Today:
    """The gateway of today on what a release left, beside the sandbox that it was paired on."""

    def __init__(self, remains: Remains, http: httpx.AsyncClient, control: SandboxClient) -> None:
        self.remains = remains
        self.facts = remains.facts
        self.control = control
        self._http = http

    async def call(self, method: str, path: str, **what: Any) -> Any:
        """A call with the token of then."""
        headers = {**self.remains.headers, **what.pop("headers", {})}
        answer = await self._http.request(method, f"{self.remains.base}/{path}", headers=headers, **what)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def working(self) -> set[str]:
        """Wait until the instance works; the statuses that were seen on the way."""
        seen: set[str] = set()

        async def look() -> str:
            status = (await self.call("GET", "health"))["status"]
            seen.add(status)
            return str(status)

        await until(look, lambda status: status == "WORKING", 40)
        return seen

    async def finished(self, uuid: str) -> dict[str, Any]:
        """A request, once it has left the queue."""
        headers = {"Prefer": "wait=30"}
        found: dict[str, Any] = await self.call("GET", f"queued-requests/{uuid}", headers=headers)
        return found


@contextlib.asynccontextmanager
async def today(remains: Remains, **settings: Any) -> AsyncIterator[Today]:
    """Upgrade in place: no more than starting on the folders."""
    folder = remains.folder
    log = make_log("error", "text")
    async with contextlib.AsyncExitStack() as stack:
        sandbox_settings = SandboxSettings(data=folder / "sandbox", seeded=False)
        sandbox = await stack.enter_async_context(start_sandbox(sandbox_settings, log=log))
        kept = settings_for(folder, sandbox, admin_token=remains.facts["admin_token"], **KEPT, **settings)
        gateway = await stack.enter_async_context(start_gateway(kept, log=log))
        http = await stack.enter_async_context(
            httpx.AsyncClient(base_url=gateway.url, trust_env=False, timeout=50)
        )
        control = await stack.enter_async_context(SandboxClient(sandbox.control_url))
        yield Today(remains, http, control)


async def check(upgraded: Today) -> None:
    """The pairing, the token, the queue, its keys and what was sent are there; notes are sent as before."""
    facts = upgraded.facts
    assert await upgraded.working() <= {"STARTING", "WORKING"}
    ended = [await upgraded.finished(uuid) for uuid in facts["waiting"]]
    assert [one["status"] for one in ended] == ["sent"] * 3, ended

    note = {"chatId": f"{facts['contact']}@c.us"}
    posted = await upgraded.call("POST", "send-voice", data=note, files={"file": AUDIO.read_bytes()})
    sent = await upgraded.finished(posted["queued_request_uuid"])
    assert sent["status"] == "sent", sent

    async def played() -> str:
        shown = await upgraded.call("GET", f"queued-requests/{sent['uuid']}")
        return str(shown["response_body"]["status"])

    await until(played, lambda status: status == "PLAYED")

    inbox = (await upgraded.control.inbox(f"+{facts['contact']}")).messages
    assert [one.text or one.type for one in inbox] == ["audio", "before", "first", "audio", "last", "audio"]
    assert [one.media for one in inbox if one.audio] == ["ok"] * 3
    assert {one.times for one in inbox} == {1}
    assert inbox[-1].id == sent["response_body"]["key"]["id"]

    if facts["idempotency_key"] is not None:
        again = {"chatId": f"{facts['contact']}@c.us", "text": "last"}
        key = {"Idempotency-Key": facts["idempotency_key"]}
        answer = await upgraded.call("POST", "send-text", json=again, headers=key)
        assert answer["queued_request_uuid"] == facts["waiting"][2]

    for before in (facts["note"], facts["text"]):
        shown = await upgraded.call("GET", f"queued-requests/{before['uuid']}")
        assert shown["response_body"]["key"]["id"] == before["id"]
    # The device that was linked then is the one that speaks now.
    phone = await upgraded.control.phone(f"+{facts['phone']}")
    assert len(phone.devices) == 1


FILES = sorted(RELEASES.glob("*.tar.xz"))


@pytest.mark.parametrize(
    "archive", [pytest.param(one, id=one.name) for one in FILES if "postgres" not in one.name]
)
async def test_an_upgrade_keeps_the_pairing_and_finishes_what_was_queued(
    archive: Path, tmp_path: Path
) -> None:
    async with today(await unpacked(archive, tmp_path)) as upgraded:
        await check(upgraded)


@pytest.mark.parametrize(
    "archive", [pytest.param(one, id=one.name) for one in FILES if "postgres" in one.name]
)
async def test_an_upgrade_on_postgresql_keeps_the_pairing_and_finishes_what_was_queued(
    archive: Path, tmp_path: Path, postgres_server: PostgresServer
) -> None:
    name = postgres_server.create()
    try:
        remains = await unpacked(archive, tmp_path)
        restored(postgres_server.url(name), tmp_path / "database.sql")
        async with today(remains, database_url=postgres_server.url(name)) as upgraded:
            await check(upgraded)
    finally:
        postgres_server.drop(name)


def test_there_is_a_release_to_upgrade_from() -> None:
    assert FILES
