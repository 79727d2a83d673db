"""uvicorn around the application, with the limits that it lacks: time for the head of a call, and bytes of
it.
"""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from typing import Any

import msgspec
import uvicorn
from litestar import Litestar
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from waypost.api.named_calls import NamedCalls
from waypost.api.replies import error_reply
from waypost.errors import NOT_HTTP, PORT_TAKEN, ApiError, StorageError
from waypost.prompt_server import PromptServer

# A head that trickles in holds a socket (slow loris); a phone on a bad line needs a second.
_HEAD_SECONDS = 15.0
_HEAD_BYTES = 64 * 1024
# Who reads nothing for this long has gone, or holds memory that others need.
_READING_SECONDS = 30.0
# Clients poll every second; a proxy in front keeps its connections for longer than this at its own risk.
_KEEP_ALIVE_SECONDS = 75
_BACKLOG = 2048


class LimitedHttp(HttpToolsProtocol):
    """Closes a connection whose call does not get past its head in time, or whose head is too long, and one
    whose client takes nothing of an answer for a while.
    """

    _head_timer: asyncio.TimerHandle | None = None
    _reading_timer: asyncio.TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: Any) -> None:
        """A client connected."""
        super().connection_made(transport)
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes came in; those before the end of a head are counted."""
        if self._head_timer is None and (self.cycle is None or self.cycle.response_complete):
            self._await_head()
        if self._head_timer is not None:
            self._head_bytes += len(data)
        super().data_received(data)
        # One read brings 64 kB of body along at most.
        if self._head_timer is not None and self._head_bytes > 2 * _HEAD_BYTES:
            self._too_slow()

    def on_headers_complete(self) -> None:
        """The head is here; the body has its own time limit."""
        self._head_done()
        super().on_headers_complete()

    def pause_writing(self) -> None:
        """The client does not read what is written."""
        super().pause_writing()
        self._reading_timer = self.loop.call_later(_READING_SECONDS, self.transport.abort)

    def resume_writing(self) -> None:
        """It reads again."""
        super().resume_writing()
        self._reads()

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self._head_done()
        self._reads()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002
        """What came is not HTTP; `msg`, the parser's word for it, helps nobody."""
        body = msgspec.json.encode(error_reply(ApiError(NOT_HTTP)).body)
        head = (
            f"HTTP/1.1 400 Bad Request\r\ncontent-type: application/json\r\ncontent-length: {len(body)}\r\n"
        )
        self.transport.write(head.encode() + b"connection: close\r\n\r\n" + body)
        self.transport.close()

    def _await_head(self) -> None:
        self._head_bytes = 0
        self._head_timer = self.loop.call_later(_HEAD_SECONDS, self._too_slow)

    def _head_done(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
            self._head_timer = None

    def _reads(self) -> None:
        if self._reading_timer is not None:
            self._reading_timer.cancel()
            self._reading_timer = None

    def _too_slow(self) -> None:
        self._head_done()
        if not self.transport.is_closing():
            self.transport.close()


def listen(host: str, port: int) -> socket.socket:
    """A listening socket. Raises StorageError(PORT_TAKEN) when the address can't be had."""
    try:
        family = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0][0]
        listener = socket.create_server((host, port), family=family, backlog=_BACKLOG)
    except OSError as error:
        raise StorageError(PORT_TAKEN, f"{host}:{port}: {error.strerror or error}.") from error
    # Connections inherit it. asyncio sets it only where the socket names its protocol; without it, each
    # answer on a connection that is kept waits 40 ms for an ACK.
    listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listener


@contextlib.asynccontextmanager
async def serving(app: Litestar, listener: socket.socket, drain_seconds: float) -> AsyncIterator[None]:
    """Answer calls on `listener`; leaving it lets calls in progress finish for up to `drain_seconds`."""
    config = uvicorn.Config(
        NamedCalls(app),
        http=LimitedHttp,
        ws="none",
        lifespan="off",
        log_config=None,
        # Whoever sends what is no HTTP would write a line each time, past the log of the gateway.
        log_level="error",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_keep_alive=_KEEP_ALIVE_SECONDS,
        timeout_graceful_shutdown=max(1, int(drain_seconds)),
        backlog=_BACKLOG,
    )
    server = PromptServer(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="http")
    try:
        # uvicorn has a flag for it, and no event.
        while not server.started and not task.done():  # noqa: ASYNC110
            await asyncio.sleep(0.001)
        if task.done():
            task.result()
        yield
    finally:
        server.leave()
        await asyncio.wait([task])
        listener.close()
