"""The stream of live events, as a reader sees it."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import pytest

from waypost.errors import ApiError
from waypost.testing.gateway_stage import BASE, CONTACT, Stage
from waypost.webhooks.journal import Entry
from waypost.webhooks.live import Live

pytestmark = pytest.mark.asyncio(loop_scope="package")

Sse = dict[str, str]


@contextlib.asynccontextmanager
async def reading(stage: Stage, query: str = "", **headers: str) -> AsyncIterator[AsyncIterator[Sse]]:
    """Events as they come; the stream is open when the context begins."""
    sent = {**stage.instance.headers, **headers}
    async with (
        asyncio.timeout(40),
        stage.http.stream("GET", f"{stage.instance.base}/events{query}", headers=sent) as answer,
    ):
        assert answer.status_code == 200
        assert answer.headers["content-type"].startswith("text/event-stream")
        lines = answer.aiter_lines()
        assert await anext(lines) == "retry: 2000"
        yield events(lines)


async def events(lines: AsyncIterator[str]) -> AsyncIterator[Sse]:
    fields: Sse = {}
    async for line in lines:
        if line and not line.startswith(":"):
            name, _, value = line.partition(": ")
            fields[name] = value
        elif "data" in fields:
            yield fields
            fields = {}


async def send(stage: Stage) -> str:
    body = {"chatId": f"{CONTACT}@c.us", "text": "hello"}
    path = f"{stage.instance.base}/send-text"
    answer = await stage.http.post(path, headers=stage.instance.headers, json=body)
    return str(answer.json()["queued_request_uuid"])


def uuid_of(event: Sse) -> Any:
    return json.loads(event["data"])["data"]["payload"]["uuid"]


FINISHED = "?events=queued_request.finished"


async def test_an_event_comes_to_an_open_stream_in_the_shape_of_a_webhook(stage: Stage) -> None:
    async with reading(stage, FINISHED) as stream:
        uuid = await send(stage)
        event = await anext(stream)
    assert event["event"] == "queued_request.finished"
    assert uuid_of(event) == uuid
    told = json.loads(event["data"])
    assert told["event"] == told["data"]["event"] == event["event"]
    assert told["data"]["instanceId"] == stage.instance.id


async def test_who_comes_back_goes_on_after_the_last_event_that_came(stage: Stage) -> None:
    async with reading(stage, FINISHED) as stream:
        await send(stage)
        last = (await anext(stream))["id"]
    missed = [await send(stage), await send(stage)]
    async with reading(stage, FINISHED, **{"Last-Event-ID": last}) as stream:
        assert [uuid_of(await anext(stream)) for _ in missed] == missed
    async with reading(stage, f"{FINISHED}&last_event_id={last}") as stream:
        assert uuid_of(await anext(stream)) == missed[0]


async def test_who_names_no_event_hears_of_what_comes_from_now_on(stage: Stage) -> None:
    await stage.finished(await stage.send_voice(b"no audio at all"))
    async with reading(stage, FINISHED) as stream:
        uuid = await send(stage)
        assert uuid_of(await anext(stream)) == uuid


@pytest.mark.parametrize(
    ("query", "headers", "field"),
    [("?events=message", {}, "events"), ("", {"Last-Event-ID": "x"}, "last_event_id")],
)
async def test_a_stream_of_what_is_not_there_is_refused(
    stage: Stage, query: str, headers: dict[str, str], field: str
) -> None:
    sent = {**stage.instance.headers, **headers}
    answer = await stage.http.get(f"{stage.instance.base}/events{query}", headers=sent)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


async def test_a_stream_needs_the_scope_to_read(stage: Stage) -> None:
    body = {"instance": stage.instance.id, "scopes": ["send"]}
    token = (await stage.http.post(f"{BASE}/tokens", headers=stage.admin, json=body)).json()["token"]
    headers = {"Authorization": f"Bearer {token}"}
    assert (await stage.http.get(f"{stage.instance.base}/events", headers=headers)).status_code == 403


async def test_streams_are_bounded_beat_and_end_with_the_gateway() -> None:
    class Empty:
        async def settled(self) -> int:
            return 0

        async def after(self, *_: object) -> list[Any]:
            return []

    live = Live(Empty(), 1.0, heartbeat_seconds=0.05, most=1)  # type: ignore[arg-type]
    stream = live.after("i", None, frozenset())
    async with asyncio.timeout(20):
        assert [await anext(stream), await anext(stream)] == [0, 0]
        with pytest.raises(ApiError):
            await anext(live.after("i", None, frozenset()))
        live.close()
        assert [one async for one in stream] in ([], [0])


async def test_a_long_way_through_what_a_reader_does_not_want_is_no_silence() -> None:
    """Proxies and clients take a silent line for a dead one."""

    class Endless:
        async def settled(self) -> int:
            return 2**53

        async def after(self, _: str, seq: int, until: int, limit: int) -> list[Entry]:
            await asyncio.sleep(0)
            payload = msgspec.Raw(b"{}")
            numbers = range(seq + 1, min(seq + limit, until) + 1)
            return [
                Entry(seq=n, id="", instance_id="i", name="call.offer", at=0.0, payload=payload)
                for n in numbers
            ]

    live = Live(Endless(), 1.0, heartbeat_seconds=0.05)  # type: ignore[arg-type]
    stream = live.after("i", 0, frozenset({"message.any"}))
    async with asyncio.timeout(20):
        passed = [await anext(stream) for _ in range(3)]
        assert all(isinstance(one, int) for one in passed)
        assert len(set(map(str, passed))) == 3, "it goes on, and says how far"
        await stream.aclose()
