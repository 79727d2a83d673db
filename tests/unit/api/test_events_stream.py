"""Who may go on listening to a stream of events."""

from collections.abc import AsyncGenerator
from types import SimpleNamespace
from typing import Any

import msgspec

from waypost.api.events_api import EventsApi
from waypost.errors import UNAUTHENTICATED, ApiError
from waypost.instances.instance import Instance
from waypost.webhooks.journal import Entry
from waypost.webhooks.live import HEARTBEAT_SECONDS

SHOP = Instance(id="shop", name="shop", phone="447700900101", network="sandbox", created_at=0.0)


async def test_a_busy_stream_ends_with_its_token() -> None:
    """It never comes to a pause, in which tokens are looked at otherwise."""
    told, now, revoked = 0, 0.0, False

    async def after(*_: object) -> AsyncGenerator[Entry | int, None]:
        nonlocal told
        yield 7
        while True:
            told += 1
            yield Entry(
                seq=told, id="evt", instance_id="shop", name="message.any", at=0.0, payload=msgspec.Raw(b"{}")
            )

    async def authenticate(_: object) -> None:
        if revoked:
            raise ApiError(UNAUTHENTICATED)

    parts: Any = SimpleNamespace(after=after, authenticate=authenticate)
    api = EventsApi(parts, lambda _: SHOP, parts, lambda: now)
    call: Any = SimpleNamespace(of=SHOP, query=lambda _: None, http=SimpleNamespace(headers={}))
    stream: Any = (await api.stream(call)).stream
    assert await anext(stream) == b"retry: 2000\n\nid: 7\n\n"
    for _ in range(3):
        now += HEARTBEAT_SECONDS
        assert b"event: message.any" in await anext(stream)
    revoked = True
    assert b"event: message.any" in await anext(stream)
    now += HEARTBEAT_SECONDS
    assert [one async for one in stream] == []
