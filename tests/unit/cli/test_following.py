"""Live events of several instances, over a gateway that breaks off."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest

from waypost.cli.following import Following, Told
from waypost.client import AsyncWaypost, Unauthenticated

ANSWERED = {
    "phone": "+447700900101",
    "service_type": "whatsapp",
    "status": "WORKING",
    "reason": "",
    "reason_message": "",
    "network": "sandbox",
    "caption_as_text": True,
    "pacing": {},
    "when_unknown": None,
    "calls": {"reject": False, "text": None},
    "access_token": None,
    "created_at": "2026-01-31T08:00:00Z",
}


def event(place: int) -> bytes:
    return b'id: %d\nevent: call.offer\ndata: {"event":"call.offer","data":{"payload":{}}}\n\n' % place


class Parts(httpx.AsyncByteStream):
    """A stream that says these parts, then breaks, or never ends."""

    def __init__(self, *parts: bytes, breaks: bool = False) -> None:
        self._parts = parts
        self._breaks = breaks

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for part in self._parts:
            yield part
        if self._breaks:
            raise httpx.ReadError("broke")
        await asyncio.Event().wait()


class Gateway:
    """Answers with these instances, and to each opening of a stream with the next one of its list."""

    def __init__(self, *names: str) -> None:
        self.names = list(names)
        self.streams: dict[str, list[httpx.Response]] = {}
        self.came_back_with: list[str | None] = []

    def answer(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/instances"):
            return httpx.Response(200, json=[{"id": name, "name": name, **ANSWERED} for name in self.names])
        self.came_back_with.append(request.headers.get("last-event-id"))
        streams = self.streams.get(request.url.path.split("/")[-2], [])
        return streams.pop(0) if streams else httpx.Response(200, stream=Parts())


@pytest.fixture(autouse=True)
def _no_pause(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("waypost.client.awaiting.pause", lambda *_: 0.0)


async def followed(gateway: Gateway, enough: int, after: str | None = None) -> tuple[list[Any], list[str]]:
    """Events as (instance, place), and what was noticed."""
    told: list[Any] = []
    noticed: list[str] = []

    def show(one: Told) -> bool:
        told.append((one.instance.name, one.event.place))
        return len(told) < enough

    http = httpx.AsyncClient(transport=httpx.MockTransport(gateway.answer))
    client = AsyncWaypost("http://gateway.test", "1|secret", http)
    async with asyncio.timeout(20):
        await Following(client, [], after, show, noticed.append, look_seconds=0.01).all()
    return told, noticed


async def test_a_stream_that_breaks_before_its_first_event_goes_on_from_where_it_began() -> None:
    gateway = Gateway("shop")
    began = httpx.Response(200, stream=Parts(b"retry: 2000\n\nid: 41\n\n", breaks=True))
    busy = httpx.Response(503, json={"message": "The gateway is stopping."})
    gateway.streams["shop"] = [began, busy, httpx.Response(200, stream=Parts(event(42)))]
    told, noticed = await followed(gateway, 1)
    assert told == [("shop", "42")]
    assert gateway.came_back_with == [None, "41", "41"]
    assert [sentence.split(" ")[2] for sentence in noticed] == ["broke;", "is"], (
        "each of the two is said once"
    )


async def test_an_instance_that_is_made_meanwhile_is_followed_from_its_first_event() -> None:
    gateway = Gateway("shop")
    gateway.streams["shop"] = [httpx.Response(200, stream=Parts(event(1)))]
    gateway.streams["cafe"] = [httpx.Response(200, stream=Parts(event(2)))]
    told: list[Any] = []

    def show(one: Told) -> bool:
        told.append((one.instance.name, one.event.place))
        gateway.names.append("cafe")
        return len(told) < 2

    http = httpx.AsyncClient(transport=httpx.MockTransport(gateway.answer))
    client = AsyncWaypost("http://gateway.test", "1|secret", http)
    async with asyncio.timeout(20):
        await Following(client, [], None, show, told.append, look_seconds=0.01).all()
    assert told == [("shop", "1"), ("cafe", "2")]
    assert gateway.came_back_with == [None, "0"]


async def test_an_instance_that_is_deleted_ends_its_stream_and_no_other() -> None:
    gateway = Gateway("shop", "cafe")
    gateway.streams["shop"] = [httpx.Response(404, json={"message": "Instance not found."})]
    gateway.streams["cafe"] = [httpx.Response(200, stream=Parts(event(2)))]
    told, noticed = await followed(gateway, 1)
    assert (told, noticed) == ([("cafe", "2")], ["shop is no more."])


async def test_a_token_that_is_revoked_ends_it_all() -> None:
    gateway = Gateway("shop")
    gateway.streams["shop"] = [httpx.Response(401, json={"message": "Unauthenticated."})]
    with pytest.raises(Unauthenticated):
        await followed(gateway, 1)
