import asyncio
import contextlib
import time
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


async def test_answers_on_a_connection_that_is_kept_wait_for_no_ack(port: int) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    took = []
    for _ in range(6):
        began = time.monotonic()
        writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await reader.readuntil(b"hello")
        took.append(time.monotonic() - began)
    writer.close()
    # Linux acks the first few at once, then after 40 ms; the best of the rest, as the machine may be busy.
    assert min(took[2:]) < 0.03


@pytest.mark.parametrize(
    "sent",
    [b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", b"FOO / HTTP/1.1\r\n\r\n", b"GET / HTTP/9\r\n\r\n"],
    ids=["tls", "method", "version"],
)
async def test_what_is_no_http_is_told_so_and_leaves_no_line_in_the_log(
    port: int, sent: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    told = await answer(port, sent)
    assert told.startswith(b"HTTP/1.1 400 ")
    assert b'"code":"not_http"' in told
    assert caplog.records == []


async def test_a_taken_port_says_which_setting_changes_it(port: int) -> None:
    with pytest.raises(StorageError) as taken:
        listen("127.0.0.1", port)
    assert taken.value.fault is PORT_TAKEN


async def stopped_within(connections: int) -> float:
    """Seconds that a stop takes while so many callers keep their connections, each answered by then."""
    listener = listen("127.0.0.1", 0)
    app = Litestar([hello], openapi_config=None, logging_config=None)
    async with serving(app, listener, 5.0):
        lines = [
            await asyncio.open_connection("127.0.0.1", listener.getsockname()[1]) for _ in range(connections)
        ]
        for reader, writer in lines:
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await reader.readuntil(b"hello")
        began = time.monotonic()
    took = time.monotonic() - began
    for _, writer in lines:
        writer.close()
    return took


async def test_a_server_stops_at_once_when_nobody_waits_for_an_answer() -> None:
    # The best of three: the machine may be busy.
    assert min([await stopped_within(connections=2) for _ in range(3)]) < 0.1


async def test_a_server_that_stops_answers_the_call_that_is_in_progress_and_takes_no_other() -> None:
    begun, may_end = asyncio.Event(), asyncio.Event()

    @get("/")
    async def slow() -> str:
        begun.set()
        await may_end.wait()
        return "after all"

    listener = listen("127.0.0.1", 0)
    port = listener.getsockname()[1]
    async with asyncio.timeout(20):
        async with serving(Litestar([slow], openapi_config=None, logging_config=None), listener, 10.0):
            calling = asyncio.create_task(answer(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
            await begun.wait()
            asyncio.get_running_loop().call_later(0.2, may_end.set)
        assert b"after all" in await calling
        with pytest.raises(ConnectionRefusedError):
            await answer(port, b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")


async def test_a_call_that_does_not_end_in_time_is_cut_off_when_the_server_stops() -> None:
    begun = asyncio.Event()

    @get("/")
    async def endless() -> str:
        begun.set()
        await asyncio.Event().wait()
        return "never"

    listener = listen("127.0.0.1", 0)
    async with asyncio.timeout(20):
        async with serving(Litestar([endless], openapi_config=None, logging_config=None), listener, 1.0):
            reader, writer = await asyncio.open_connection("127.0.0.1", listener.getsockname()[1])
            writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            await begun.wait()
        with contextlib.suppress(ConnectionResetError):
            assert await reader.read() == b""
        writer.close()
