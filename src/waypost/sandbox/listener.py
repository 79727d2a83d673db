"""uvicorn inside a loop that is not its own: sockets bound beforehand, no signal handlers."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import uvicorn

_BACKLOG = 512
_GRACE = 1
"""Seconds that requests get to finish at shutdown; clients reconnect, so it may be short."""


class _Server(uvicorn.Server):
    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        # Ctrl-C belongs to the process that composed this server.
        yield


def bind(host: str, port: int) -> socket.socket:
    """A listening TCP socket on `host`; port 0 picks a free one. Raises OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # asyncio sets TCP_NODELAY only where the protocol is named; without it each answer waits 40 ms for an
    # ACK.
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind((host, port))
        listener.listen(_BACKLOG)
        listener.setblocking(False)
    except OSError:
        listener.close()
        raise
    return listener


def port_of(listener: socket.socket) -> int:
    """The port that a bound socket got."""
    return int(listener.getsockname()[1])


@contextlib.asynccontextmanager
async def serving(
    app: Any, listener: socket.socket, *, leaf: Path | None = None, frame_limit: int = 1 << 20
) -> AsyncIterator[None]:
    """Serve the ASGI `app` on `listener`, with TLS when `leaf` (certificate and key, PEM) is given."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=frame_limit,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=60,
        ssl_certfile=None if leaf is None else str(leaf),
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve(sockets=[listener]), name="sandbox-listener")
    try:
        while not server.started:
            if task.done():
                task.result()
                raise RuntimeError("the listener ended while it started")
            await asyncio.sleep(0.005)
        yield
    finally:
        server.should_exit = True
        await task
        listener.close()
