"""The MCP server as its clients see it: the SDK's own client, over standard input and over HTTP."""

import asyncio
import contextlib
import os
import re
import sys
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import httpx2
import pytest
import pytest_asyncio
from mcp.client import Client
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp_types import TextContent
from tests.network.gateway.commands import done_by, environment_of

from waypost.client import AsyncWaypost
from waypost.mcp.recordings import Recordings
from waypost.mcp.server import make_server
from waypost.sandbox.views import Send
from waypost.testing.gateway_stage import BASE, CONTACT, PHONE, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

AUDIO = Path(__file__).parents[2] / "audio"
STAGE = {"instance": "stage"}
ASKS = {"send_voice_note", "send_text"}
LOOKS = {"look_up_request", "list_instances", "list_chats", "list_messages"}


@contextlib.asynccontextmanager
async def talking(stage: Stage, *words: str) -> AsyncIterator[Client]:
    """A client that has started the server itself."""
    program = StdioServerParameters(
        command=sys.executable,
        args=["-m", "waypost", "mcp", *words],
        env={**os.environ, **environment_of(stage)},
    )
    async with asyncio.timeout(60), Client(program) as client:
        yield client


@contextlib.asynccontextmanager
async def inside(stage: Stage, token: str | None = None) -> AsyncIterator[Client]:
    """The same client and server without a process in between, where that is not what is looked at."""
    token = token or environment_of(stage)["WAYPOST_TOKEN"]
    async with asyncio.timeout(60), httpx.AsyncClient(trust_env=False) as http:
        gateway = AsyncWaypost(stage.gateway.url, token, http)
        async with Client(make_server(lambda _: gateway, Recordings([]))) as client:
            yield client


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def address(stage: Stage) -> AsyncIterator[str]:
    """Where a server listens that has no token of its own."""
    environment = {**os.environ, **environment_of(stage)}
    del environment["WAYPOST_TOKEN"]
    child = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "waypost", "mcp", "--http", "--port", "0"],
        env=environment,
        stderr=asyncio.subprocess.PIPE,
    )
    assert child.stderr is not None
    async with asyncio.timeout(40):
        said = (await child.stderr.readline()).decode()
    found = re.search(r"http://\S+/mcp", said)
    assert found is not None, said
    yield found[0]
    child.terminate()
    async with asyncio.timeout(40):
        await child.communicate()


@contextlib.asynccontextmanager
async def calling(address: str, token: str) -> AsyncIterator[Client]:
    """A client of a server that runs."""
    headers = {"Authorization": f"Bearer {token}"}
    async with (
        asyncio.timeout(60),
        httpx2.AsyncClient(headers=headers, trust_env=False, timeout=40) as http,
        Client(streamable_http_client(address, http_client=http)) as client,
    ):
        yield client


async def told(client: Client, tool: str, **arguments: Any) -> Any:
    """What a tool answers, as programs read it."""
    answer = await client.call_tool(tool, arguments)
    assert not answer.is_error, answer.content
    found = answer.structured_content
    assert found is not None
    return found["result"] if set(found) == {"result"} else found


async def refused(client: Client, tool: str, **arguments: Any) -> str:
    """The sentence of a tool that failed."""
    answer = await client.call_tool(tool, arguments)
    assert answer.is_error, answer.content
    (said,) = answer.content
    assert isinstance(said, TextContent)
    return str(said.text)


async def test_a_client_sends_looks_up_and_reads(stage: Stage, recordings: str) -> None:
    await stage.control.send(f"+{CONTACT}", Send(to=f"+{PHONE}", text="hello model"))
    async with talking(stage) as client:
        note = await told(client, "send_voice_note", to=CONTACT, url=f"{recordings}/greeting.mp3", **STAGE)
        assert (note["state"], note["call"], note["seconds"] > 0) == ("sent", "send-voice", True)
        text = await told(client, "send_text", to=CONTACT, text="by a model", **STAGE)
        inbox = await until(
            lambda: stage.inbox(),
            lambda found: {text["message_id"], note["message_id"]} <= {one.id for one in found.messages},
        )
        assert [one.text for one in inbox.messages if one.id == text["message_id"]] == ["by a model"]
        looked = await told(client, "look_up_request", uuid=note["uuid"], wait_seconds=5, **STAGE)
        assert (looked["uuid"], looked["state"]) == (note["uuid"], "sent")
        assert stage.instance.id in [one["id"] for one in await told(client, "list_instances")]
        assert f"{CONTACT}@c.us" in [one["chat"] for one in await told(client, "list_chats", **STAGE)]
        page = await told(client, "list_messages", chat=CONTACT, **STAGE)
        assert "hello model" in [one["text"] for one in page["messages"]]


async def test_the_same_key_is_sent_once_and_a_short_wait_answers_with_what_waits(stage: Stage) -> None:
    made = await stage.create("by-model", "447700900156")
    words = {"to": CONTACT, "text": "once", "instance": made["id"], "key": "k", "wait_seconds": 1}
    async with inside(stage) as client:
        first = await told(client, "send_text", **words)
        assert (first["state"] in ("queued", "preparing"), first["waiting_for"]) == (True, "pairing")
        again = await told(client, "send_text", **{**words, "wait_seconds": 0})
        assert again["uuid"] == first["uuid"]


async def test_a_client_is_told_which_tools_change_something(stage: Stage) -> None:
    async with inside(stage) as client:
        tools = {one.name: one for one in (await client.list_tools()).tools}
    assert set(tools) == ASKS | LOOKS, "no tool reads a file unless a folder is named"
    hints = {name: one.annotations for name, one in tools.items() if one.annotations}
    assert {name for name, one in hints.items() if one.read_only_hint} == LOOKS
    assert {name for name, one in hints.items() if one.destructive_hint and one.open_world_hint} == ASKS
    assert not any("\n" in (one.description or "") for one in tools.values())
    assert all(one.output_schema for one in tools.values())
    assert all(one.description and "ctx" not in one.input_schema["properties"] for one in tools.values())


async def test_a_failure_is_a_sentence_that_says_what_to_do(stage: Stage) -> None:
    async with inside(stage) as client:
        said = await refused(client, "send_text", to="447700900186", text="x", **STAGE)
        assert "not on whatsapp" in said
        assert "not_on_whatsapp" in said
        assert "list_instances" in await refused(client, "list_chats", instance="nobody")
        assert "Name the instance" in await refused(client, "list_chats")
        assert "not found" in await refused(client, "look_up_request", uuid="none", **STAGE)
        assert "chatId" in await refused(client, "send_text", to="nobody", text="x", **STAGE)
    async with inside(stage, token="1|wrong") as client:
        assert "does not know this token" in await refused(client, "list_instances")


async def test_files_are_read_in_the_folders_that_a_person_has_named_alone(
    stage: Stage, tmp_path: Path
) -> None:
    (tmp_path / "secret.txt").write_text("secret")
    allowed = tmp_path / "allowed"
    allowed.mkdir()
    (allowed / "link.mp3").symlink_to(tmp_path / "secret.txt")
    (allowed / "blip.wav").write_bytes((AUDIO / "blip.wav").read_bytes())
    async with talking(stage, "--allow-folder", str(allowed)) as client:
        sent = await told(client, "send_voice_file", to=CONTACT, file=str(allowed / "blip.wav"), **STAGE)
        assert sent["state"] == "sent"
        outside = (
            tmp_path / "secret.txt",
            allowed / "link.mp3",
            allowed / ".." / "secret.txt",
            "/etc/passwd",
        )
        sentences = {
            await refused(client, "send_voice_file", to=CONTACT, file=str(path), **STAGE)
            for path in (*outside, allowed / "nothing.mp3")
        }
    assert len(sentences) == 1, "what is not there and what is not allowed are told in the same words"


async def test_over_http_every_caller_is_who_their_token_says(stage: Stage, address: str) -> None:
    other = await stage.create("by-http", "447700900157")
    async with calling(address, other["access_token"]) as client:
        assert [one["id"] for one in await told(client, "list_instances")] == [other["id"]]
        assert "list_instances" in await refused(client, "list_chats", instance=stage.instance.id)
    async with calling(address, stage.instance.token) as client:
        sent = await told(client, "send_text", to=CONTACT, text="over HTTP")
        assert sent["state"] == "sent"
    body = {"instance": stage.instance.id, "scopes": ["read"]}
    made = (await stage.http.post(f"{BASE}/tokens", headers=stage.admin, json=body)).json()
    async with calling(address, made["token"]) as client:
        assert "may not do that" in await refused(client, "send_text", to=CONTACT, text="x")
        note = await refused(client, "send_voice_note", to=CONTACT, url=str(AUDIO / "blip.wav"))
        assert "must be an http(s) address" in note, "no file of the server's is read"
        assert "send_voice_file" not in [one.name for one in (await client.list_tools()).tools]
    body = {"instance": stage.instance.id, "scopes": ["send"]}
    made = (await stage.http.post(f"{BASE}/tokens", headers=stage.admin, json=body)).json()
    async with calling(address, made["token"]) as client:
        blind = await told(client, "send_text", to=CONTACT, text="x")
        assert (len(blind["uuid"]), blind["state"]) == (36, "queued")
        assert "may not do that" in await refused(client, "look_up_request", uuid=blind["uuid"])


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Bearer 1|wrong"}, 401),
        ({"Authorization": "Basic MTp4"}, 401),
        ({"Origin": "https://evil.example"}, 403),
        ({"Host": "evil.example"}, 421),
    ],
    ids=["no token", "wrong token", "no bearer", "another origin", "another host"],
)
async def test_over_http_strangers_and_web_pages_are_refused(
    stage: Stage, address: str, headers: dict[str, str], status: int
) -> None:
    known = {} if status == 401 else {"Authorization": f"Bearer {stage.instance.token}"}
    sent = {"Accept": "application/json, text/event-stream", **known, **headers}
    call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {}}
    async with httpx.AsyncClient(trust_env=False) as http:
        answer = await http.post(address, headers=sent, json=call)
    assert answer.status_code == status
    assert ("www-authenticate" in answer.headers) is (status == 401)


async def test_over_http_no_folder_can_be_opened_and_a_server_without_a_token_says_so(stage: Stage) -> None:
    both = await done_by(stage, "mcp", "--http", "--allow-folder", "/tmp")
    assert (both.exit_code, "standard input" in both.stderr) == (2, True)
    none = await done_by(stage, "mcp", WAYPOST_TOKEN="")
    assert (none.exit_code, none.stderr.count("\n")) == (4, 1)
