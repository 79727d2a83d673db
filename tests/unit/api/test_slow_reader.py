import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

import pytest
from litestar import Litestar, get
from litestar.response import Stream

from waypost.api import server


async def test_a_client_that_takes_nothing_of_an_answer_is_disconnected(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(server, "_READING_SECONDS", 0.3)
    ended = asyncio.Event()

    async def endless() -> AsyncIterator[bytes]:
        try:
            while True:
                await asyncio.sleep(0)
                yield bytes(65_536)
        finally:
            ended.set()

    @get("/")
    async def stream() -> Stream:
        return Stream(endless())

    listener = server.listen("127.0.0.1", 0)
    app = Litestar([stream], openapi_config=None, logging_config=None)
    async with asyncio.timeout(30), server.serving(app, listener, 1.0):
        reader, writer = await asyncio.open_connection(*listener.getsockname(), limit=1024)
        transport: Any = writer.transport
        writer.write(b"GET / HTTP/1.1\r\nHost: a\r\n\r\n")
        await reader.readuntil(b"\r\n\r\n")
        transport.pause_reading()
        await ended.wait()
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()
