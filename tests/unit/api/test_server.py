import asyncio
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from litestar import Litestar, get

from waypost.api import server
from waypost.api.server import listen, serving
from waypost.errors import PORT_TAKEN, StorageError


@get("/")
async def hello() -> str:
    return "hello"


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(server, "_HEAD_SECONDS", 0.2)
    return


@pytest_asyncio.fixture
async def port() -> AsyncIterator[int]:
    listener = listen("127.0.0.1", 0)
    app = Litestar([hello], openapi_config=None, logging_config=None)
    async with serving(app, listener, 1.0):
        yield listener.getsockname()[1]


async def answer(port: int, *sent: bytes, pause: float = 0.0) -> bytes:
    """What comes back until the server closes."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    try:
        for piece in sent:
            writer.write(piece)
            await writer.drain()
            if pause:
                await asyncio.sleep(pause)
        async with asyncio.timeout(5):
            return await reader.read()
    except ConnectionResetError:
        return b""
    finally:
        writer.close()


@pytest.mark.usefixtures("impatient")
async def test_a_head_that_trickles_in_is_closed(port: int) -> None:
    assert await answer(port, b"GET / HTTP/1.1\r\nHost:") == b""


@pytest.mark.usefixtures("impatient")
async def test_a_connection_that_says_nothing_is_closed(port: int) -> None:
    assert await answer(port) == b""


async def test_an_endless_head_is_closed(port: int) -> None:
    lines = [b"x-%d: " % number + b"y" * 8000 + b"\r\n" for number in range(40)]
    assert b"hello" not in await answer(port, b"GET / HTTP/1.1\r\nHost: x\r\n", *lines)


@pytest.mark.usefixtures("impatient")
async def test_calls_on_one_connection_are_answered_one_after_the_other(port: int) -> None:
    call = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
    last = b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    assert (await answer(port, call, call, last, pause=0.1)).count(b"hello") == 3


async def test_a_taken_port_says_which_setting_changes_it(port: int) -> None:
    with pytest.raises(StorageError) as taken:
        listen("127.0.0.1", port)
    assert taken.value.fault is PORT_TAKEN
