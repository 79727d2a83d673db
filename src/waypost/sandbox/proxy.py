"""An HTTP proxy that leads to one place: the sandbox's own TLS listener.

An engine sends `CONNECT web.whatsapp.com:443` (and the media host) here. Names of the real network and the
listener's own address all end at the listener; anything else is refused, so an engine behind this proxy
can't reach WhatsApp.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Final

import h11

from waypost.prompt_server import stop_listening

_HEAD_SECONDS: Final = 10.0
_CHUNK: Final = 64 * 1024
_DOMAINS: Final = (".whatsapp.com", ".whatsapp.net")


@contextlib.asynccontextmanager
async def proxying(host: str, port: int, target_port: int) -> AsyncIterator[int]:
    """Listen on `host`:`port` (0 = any) and pipe to `host`:`target_port`; yields the port."""
    tunnels: set[asyncio.Task[None]] = set()

    async def accept(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        tunnels.add(task)
        try:
            await _serve(reader, writer, host, target_port)
        except (OSError, TimeoutError, h11.RemoteProtocolError):
            pass
        except asyncio.CancelledError:
            # asyncio's stream server logs a cancelled handler as a failure; this one was cancelled by the
            # exit below.
            pass
        finally:
            tunnels.discard(task)
            writer.close()

    server = await asyncio.start_server(accept, host, port)
    try:
        yield int(server.sockets[0].getsockname()[1])
    finally:
        await stop_listening(server)
        for task in list(tunnels):
            task.cancel()
        await asyncio.gather(*tunnels, return_exceptions=True)
        await server.wait_closed()


def leads_here(target: str, host: str, port: int) -> bool:
    """Whether the CONNECT `target` ("host:port") is a name of the network or the listener itself, which is
    at `host` and `port`."""
    name, _, number = target.rpartition(":")
    name = name.strip("[]").lower()
    if name in ("127.0.0.1", "localhost", "::1", host):
        return number == str(port)
    return number == "443" and name.endswith(_DOMAINS)


async def _serve(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, host: str, target_port: int
) -> None:
    http = h11.Connection(h11.SERVER)
    async with asyncio.timeout(_HEAD_SECONDS):
        request = await _head(http, reader)
    if request is None:
        return
    if request.method != b"CONNECT" or not leads_here(request.target.decode("latin-1"), host, target_port):
        answer = http.send(
            h11.Response(status_code=403, headers=[("Content-Length", "0"), ("Connection", "close")])
        )
        writer.write(answer or b"")
        await writer.drain()
        return
    upstream_reader, upstream_writer = await asyncio.open_connection(host, target_port)
    try:
        writer.write(http.send(h11.Response(status_code=200, headers=[])) or b"")
        upstream_writer.write(http.trailing_data[0])
        await _join(_pipe(reader, upstream_writer), _pipe(upstream_reader, writer))
    finally:
        upstream_writer.close()


async def _head(http: h11.Connection, reader: asyncio.StreamReader) -> h11.Request | None:
    while True:
        event = http.next_event()
        if isinstance(event, h11.Request):
            return event
        if event is not h11.NEED_DATA:
            return None
        http.receive_data(await reader.read(_CHUNK))


async def _join(*pipes: Coroutine[None, None, None]) -> None:
    # TLS is never half closed: when one direction has ended, so has the tunnel.
    tasks = [asyncio.create_task(pipe) for pipe in pipes]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _pipe(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while chunk := await reader.read(_CHUNK):
        writer.write(chunk)
        await writer.drain()
