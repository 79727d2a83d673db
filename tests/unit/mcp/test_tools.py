"""The tools where the gateway goes away, which no running gateway does when a test needs it."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from mcp.client import Client
from mcp_types import TextContent

from waypost.client import AsyncWaypost
from waypost.mcp.http import TokenGate
from waypost.mcp.recordings import Recordings
from waypost.mcp.server import make_server

INSTANCE = {
    "id": "i",
    "name": "shop",
    "phone": "+447700900101",
    "service_type": "whatsapp",
    "status": "WORKING",
    "reason": "",
    "reason_message": "",
    "network": "sandbox",
    "caption_as_text": True,
    "pacing": {},
    "when_unknown": None,
    "calls": {},
    "access_token": None,
    "created_at": "",
}
ACCEPTED = {"queued_request_uuid": "u", "queued_request_link": "http://gateway/u"}
Answer = Callable[[httpx.Request], httpx.Response]


async def said(answer: Answer, tool: str, **arguments: Any) -> tuple[bool, str]:
    """Whether a tool failed, and its words."""
    async with asyncio.timeout(30), httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        gateway = AsyncWaypost("http://gateway", "1|x", http, tries=1)
        async with Client(make_server(lambda _: gateway, Recordings([]))) as client:
            found = await client.call_tool(tool, arguments)
            assert isinstance(found.content[0], TextContent)
            return found.is_error, found.content[0].text


async def test_what_was_accepted_is_not_to_be_sent_again_when_the_gateway_goes_away() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            return httpx.Response(200, json=ACCEPTED)
        if request.url.path.endswith("/instances"):
            return httpx.Response(200, json=[INSTANCE])
        raise httpx.ConnectError("away")

    failed, words = await said(answer, "send_text", to="1", text="x")
    assert failed
    assert "accepted as request u" in words
    assert "don't send it again" in words


async def test_a_gateway_that_is_away_from_the_start_has_accepted_nothing() -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("away")

    failed, words = await said(answer, "send_text", to="1", text="x")
    assert failed
    assert "does not answer" in words
    assert "accepted" not in words


@pytest.mark.parametrize("url", ["/etc/hostname", "file:///etc/hostname", "etc/hostname", ""])
async def test_what_is_named_as_an_address_is_never_read_as_a_file(url: str) -> None:
    """The client of the library takes a text that is no address for a path."""
    posted: list[bytes] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            posted.append(request.read())
        return httpx.Response(200, json=[INSTANCE])

    failed, words = await said(answer, "send_voice_note", to="1", url=url)
    assert (failed, posted) == (True, [])
    assert "must be an http(s) address" in words


async def test_a_key_goes_to_the_gateway_as_it_is() -> None:
    keys: list[str | None] = []

    def answer(request: httpx.Request) -> httpx.Response:
        if request.method == "POST":
            keys.append(request.headers.get("idempotency-key"))
            return httpx.Response(422, json={"message": "No."})
        return httpx.Response(200, json=[INSTANCE])

    await said(answer, "send_text", to="1", text="x", key="order-17")
    assert keys == ["order-17"]


@pytest.mark.parametrize(
    ("status", "wanted"), [(200, 200), (401, 401), (403, 200), (429, 429), (500, 503), (None, 503)]
)
async def test_the_gate_over_http_asks_the_gateway_each_time(status: int | None, wanted: int) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        if status is None:
            raise httpx.ConnectError("away")
        assert request.headers["authorization"] == "Bearer 1|x"
        return httpx.Response(status, json=[] if status == 200 else {"message": "No."})

    async def inner(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    async with httpx.AsyncClient(transport=httpx.MockTransport(answer)) as http:
        gate = TokenGate(inner, "http://gateway", http)
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(app=gate), base_url="http://here"
        ) as caller:
            found = await caller.post("/mcp", headers={"Authorization": "bearer 1|x"})
            strange = await caller.post("/mcp", headers={b"Authorization": b"Bearer 1|\xfc"})
    assert found.status_code == wanted
    assert strange.status_code == 401
    assert "1|x" not in json.dumps(dict(found.headers)) + found.text


def test_a_folder_that_is_a_link_is_the_folder_it_leads_to(tmp_path: Path) -> None:
    (tmp_path / "real").mkdir()
    (tmp_path / "real" / "note.ogg").write_bytes(b"sound")
    (tmp_path / "link").symlink_to(tmp_path / "real")
    recordings = Recordings([tmp_path / "link"])
    assert recordings.read(str(tmp_path / "link" / "note.ogg")) == b"sound"
    assert recordings.read(str(tmp_path / "real" / "note.ogg")) == b"sound"
