"""A client's web socket: handshake, then frames both ways until either side ends it."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, Final

from waypost.errors import WaypostError
from waypost.sandbox.protocol import login, offline, stanzas
from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.frames import Framer, frame
from waypost.sandbox.wire.noise import Handshake, Transport
from waypost.sandbox.wire.proto.handshake_pb2 import ClientPayload

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_HANDSHAKE_SECONDS: Final = 20.0
_IDLE_SECONDS: Final = 300.0
"""Clients ping every 20 to 30 s; after this long there is none."""


class _Gone(Exception):
    """The client closed its socket."""


class Socket:
    """Frames over the binary messages of an ASGI web socket."""

    def __init__(self, receive: Receive, send: Send, frame_limit: int) -> None:
        self._receive = receive
        self._send = send
        self._framer = Framer(opening=True, max_frame=frame_limit)
        self._frames: deque[bytes] = deque()

    async def read(self) -> bytes:
        """The next frame's payload; _Gone when there will be none."""
        while not self._frames:
            message = await self._receive()
            if message["type"] == "websocket.disconnect":
                raise _Gone
            if message["type"] == "websocket.receive":
                self._frames += self._framer.feed(message.get("bytes") or b"")
        return self._frames.popleft()

    async def write(self, payload: bytes) -> None:
        """Send one frame; _Gone when nobody takes it any more, which uvicorn tells as an OSError."""
        try:
            await self._send({"type": "websocket.send", "bytes": frame(payload)})
        except OSError as error:
            raise _Gone from error


async def serve(network: Network, receive: Receive, send: Send) -> None:
    """Speak with one client from its web socket's opening to its end. Nothing that it sends raises here."""
    await receive()
    await send({"type": "websocket.accept"})
    socket = Socket(receive, send, network.settings.frame_limit)
    try:
        async with asyncio.timeout(_HANDSHAKE_SECONDS):
            payload, noise, transport = await _handshake(network, socket)
        await _converse(network, socket, transport, payload, noise)
    except _Gone:
        return
    except (WireError, TimeoutError, OSError) as error:
        network.counts["malformed"] += 1
        network.note(None, "note", f"a connection ended: {error}")
    await _close(send)


async def _close(send: Send) -> None:
    try:
        await send({"type": "websocket.close", "code": 1000})
    except (RuntimeError, OSError):
        # The client closed first; uvicorn answers that with one or the other.
        return


async def _handshake(network: Network, socket: Socket) -> tuple[ClientPayload, bytes, Transport]:
    handshake = Handshake(network.secrets.static, network.chain, network.randomness)
    await socket.write(handshake.on_hello(await socket.read()))
    return handshake.on_finish(await socket.read())


async def _converse(
    network: Network, socket: Socket, transport: Transport, payload: ClientPayload, noise: bytes
) -> None:
    link = Link(payload, noise, network.settings.close_delay)
    network.links.add(link)
    tasks = [
        asyncio.create_task(_write(network, socket, transport, link)),
        asyncio.create_task(offline.pump(network, link)),
        asyncio.create_task(link.closing.wait()),
    ]
    try:
        # Before anything is read: a client repeats an unanswered message right behind its login, unasked.
        await login.welcome(network, link)
        tasks.append(asyncio.create_task(_read(network, socket, transport, link)))
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            task.result()
    finally:
        await login.leave(network, link)
        await link.finish()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _read(network: Network, socket: Socket, transport: Transport, link: Link) -> None:
    while True:
        async with asyncio.timeout(_IDLE_SECONDS):
            payload = await socket.read()
        node = binary.decode(transport.decrypt(payload))
        network.note(link, "in", repr(node))
        network.counts["stanzas_in"] += 1
        try:
            await stanzas.take(network, link, node)
        except Exception as error:
            network.counts["refused_stanzas"] += 1
            network.note(link, "note", f"refused <{node.tag}>: {error!r}")
            expected = isinstance(error, WaypostError)
            network.log.warning("sandbox.stanza_refused", tag=node.tag, exc_info=None if expected else error)


async def _write(network: Network, socket: Socket, transport: Transport, link: Link) -> None:
    while True:
        node = await link.outgoing.get()
        network.note(link, "out", repr(node))
        network.counts["stanzas_out"] += 1
        await socket.write(transport.encrypt(binary.encode(node)))
