"""uvicorn on sockets bound beforehand."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import uvicorn

from waypost.prompt_server import PromptServer

_BACKLOG = 512
_GRACE = 1
"""Seconds that requests get to finish at shutdown; clients reconnect, so it may be short."""


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


@dataclass(frozen=True, slots=True)
class Listener:
    """An ASGI application and its socket; TLS when `leaf` (certificate and key, PEM) is given."""

    app: Any
    socket: socket.socket
    leaf: Path | None = None
    frame_limit: int = 1 << 20
    """Bytes of one web socket message."""


@contextlib.asynccontextmanager
async def serving(*listeners: Listener) -> AsyncIterator[None]:
    """Serve all of them; they are stopped together."""
    servers = [PromptServer(_config(listener)) for listener in listeners]
    tasks = [
        asyncio.create_task(server.serve(sockets=[listener.socket]), name="sandbox-listener")
        for server, listener in zip(servers, listeners, strict=True)
    ]
    try:
        while not all(server.started for server in servers):
            for task in tasks:
                if task.done():
                    task.result()
                    raise RuntimeError("a listener ended while it started")
            await asyncio.sleep(0.005)
        yield
    finally:
        for server in servers:
            server.leave()
        await asyncio.gather(*tasks, return_exceptions=True)


def _config(listener: Listener) -> uvicorn.Config:
    return uvicorn.Config(
        listener.app,
        log_config=None,
        log_level="error",
        access_log=False,
        lifespan="off",
        server_header=False,
        ws="websockets-sansio",
        ws_max_size=listener.frame_limit,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        timeout_graceful_shutdown=_GRACE,
        timeout_keep_alive=60,
        ssl_certfile=None if listener.leaf is None else str(listener.leaf),
    )
