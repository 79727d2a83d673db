"""Clients that mean harm to a sandbox: each comes, does one kind of damage, and goes."""

import asyncio
import contextlib
import os
import random
import ssl
import zlib
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from fuzz.stanzas import STANZAS
from fuzz.target import mutated
from tests.unit.sandbox.server.companion import Companion, Door
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from waypost.sandbox.wire import binary
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.frames import PROLOGUE, ROUTING_MARK, frame
from waypost.sandbox.wire.noise import Initiator
from waypost.sandbox.wire.proto.handshake_pb2 import ClientPayload

_FRAMES = [binary.encode(stanza) for stanza in STANZAS]
_HELLO = PROLOGUE + frame(Initiator(Companion().noise, os.urandom).hello())
_HUGE = 3 * 1024 * 1024
_BOMB = b"\x02" + zlib.compress(bytes(64 * 1024 * 1024), 1)
_REQUESTS = (
    b"GET /ws/chat HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
    b"POST /mms/image/" + b"A" * 43 + b"?auth=00 HTTP/1.1\r\nHost: a\r\nContent-Length: 999999999999\r\n\r\n",
    b"POST /mms/audio/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n",
    b"GET /v/" + b"..%2f" * 60 + b" HTTP/1.1\r\nHost: a\r\n\r\n",
    b"CONNECT web.whatsapp.com:443 HTTP/1.1\r\nHost: web.whatsapp.com:443\r\n\r\n\x16\x03\x01\xff\xff",
    b"CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n\r\n",
    b"POST /v1/phones HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
    b'Content-Length: 9\r\n\r\n{"a":\xff\xfe}',
    b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 5000,
    b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
)


@dataclass(frozen=True, slots=True)
class Town:
    """Where the attackers go: the door that engines use, and all three ports."""

    door: Door
    ports: dict[str, int]
    linked: Companion
    chance: random.Random
    trust: ssl.SSLContext
    """What a client of this sandbox trusts."""


Attack = Callable[[Town], Awaitable[None]]


@contextlib.asynccontextmanager
async def _socket(town: Town) -> AsyncIterator[ClientConnection]:
    url = f"wss://{town.door.media_host}/ws/chat"
    async with connect(
        url, ssl=town.trust, compression=None, proxy=None, max_size=None, close_timeout=1
    ) as socket:
        yield socket


async def _said_on_tcp(town: Town, where: str, data: bytes, *, encrypted: bool = False) -> None:
    """Say something, close our half, and read what comes for a moment."""
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", town.ports[where], ssl=town.trust if encrypted else None
    )
    try:
        writer.write(data)
        await writer.drain()
        if not encrypted and town.chance.random() < 0.7:
            writer.write_eof()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(town.chance.choice((0.0, 0.05, 0.3))):
                while await reader.read(65536):
                    pass
    finally:
        writer.transport.abort()


async def random_bytes(town: Town) -> None:
    where = town.chance.choice(list(town.ports))
    size = town.chance.choice((0, 1, 100, 100_000))
    await _said_on_tcp(town, where, town.chance.randbytes(size), encrypted=False)


async def broken_http(town: Town) -> None:
    data = town.chance.choice(_REQUESTS)
    if town.chance.random() < 0.5:
        data = mutated([data], town.chance, 100_000)
    where = town.chance.choice(list(town.ports))
    await _said_on_tcp(town, where, data, encrypted=where == "network" and town.chance.random() < 0.8)


async def broken_handshake(town: Town) -> None:
    """A handshake that is cut, damaged, spread over many messages, or announces far more than comes."""
    said = town.chance.choice(
        (
            _HELLO[: town.chance.randrange(len(_HELLO))],
            mutated([_HELLO], town.chance, 1000),
            PROLOGUE + b"\xff\xff\xff" + bytes(100),
            ROUTING_MARK + b"\x20\0\0" + bytes(_HUGE),
            PROLOGUE + b"\0\0\0" * 100_000,
            _HELLO + _HELLO,
            b"GET / HTTP/1.1\r\n\r\n",
        )
    )
    async with _socket(town) as socket:
        step = town.chance.choice((1, 7, len(said) or 1)) if len(said) < 200 else len(said)
        for at in range(0, len(said), step):
            await socket.send(said[at : at + step])
        if town.chance.random() < 0.2:
            await socket.send("text, not bytes")
        await _heard(socket)


async def _heard(socket: ClientConnection) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            while True:
                await socket.recv(decode=False)


async def false_registration(town: Town) -> None:
    """A sound handshake whose login is junk, or whose registration nobody signed."""
    nobody = ClientPayload(username=2**64 - 1, device=2**32 - 1)
    payload = town.chance.choice((_unsigned(), nobody, ClientPayload()))
    async with Companion().connected(town.door, payload) as client:
        await _gone(client)


def _unsigned() -> ClientPayload:
    payload = Companion().registration()
    payload.pairing.signed_prekey_signature = os.urandom(64)
    return payload


async def _gone(client: Companion) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            while (await client.received.get()).tag != "closed":
                pass


async def unlinked_stanzas(town: Town) -> None:
    """Somebody who only waits to be linked, and speaks as if it were."""
    client = Companion()
    async with client.connected(town.door, client.registration()):
        await _junk(town, client)


async def linked_stanzas(town: Town) -> None:
    """A linked device gone mad."""
    async with town.linked.connected(town.door, town.linked.login()):
        await town.linked.next("success")
        await _junk(town, town.linked)


async def _junk(town: Town, client: Companion) -> None:
    for _ in range(20):
        await client.send_frame(_readable(town))
    deep = b"\0" + b"\xf8\x02\x19\xf8\x01" * 20_000
    wide = b"\0\xf8\x02\x19\xf9\xff\xff" + b"\xf8\x01\x19" * 65_535
    long = binary.encode(STANZAS[0])[:-1] + os.urandom(_HUGE)
    await client.send_frame(town.chance.choice((_BOMB, deep, wide, long, b"")))
    await _gone(client)


def _readable(town: Town) -> bytes:
    """A stanza that makes no sense, but can be read: one that can't ends the connection."""
    while True:
        data = mutated(_FRAMES, town.chance, 4000)
        with contextlib.suppress(WireError):
            binary.decode(data)
            return data


async def forged_frames(town: Town) -> None:
    """Bytes behind a sound handshake that its keys did not encrypt."""
    client = Companion()
    async with client.connected(town.door, client.registration()):
        await client.send_raw(frame(town.chance.randbytes(town.chance.choice((0, 15, 16, 500)))))
        await _gone(client)


ATTACKS: tuple[Attack, ...] = (
    random_bytes,
    broken_http,
    broken_handshake,
    false_registration,
    unlinked_stanzas,
    linked_stanzas,
    forged_frames,
)


async def attack(town: Town) -> str:
    """One visit of one of them; its name. That it is thrown out is what it came for."""
    one = town.chance.choice(ATTACKS)
    with contextlib.suppress(OSError, ConnectionClosed, EOFError, TimeoutError):
        async with asyncio.timeout(5):
            await one(town)
    return getattr(one, "__name__", "")


@contextlib.asynccontextmanager
async def loitering(town: Town, count: int) -> AsyncIterator[None]:
    """`count` connections to each port that began to say something and then say nothing."""
    writers: list[asyncio.StreamWriter] = []
    try:
        for where in town.ports:
            for place in range(count):
                context = town.trust if where == "network" and place % 3 else None
                _, writer = await asyncio.open_connection("127.0.0.1", town.ports[where], ssl=context)
                writer.write(_REQUESTS[place % len(_REQUESTS)][: 10 + place])
                writers.append(writer)
        yield
    finally:
        for writer in writers:
            writer.transport.abort()


def port_of(url: str) -> int:
    """The port in an address."""
    return urlsplit(url if "//" in url else f"//{url}").port or 0
