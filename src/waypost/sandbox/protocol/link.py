"""One client's connection, as the handlers of stanzas see it."""

import asyncio
from collections import deque
from collections.abc import Coroutine
from dataclasses import dataclass
from typing import Any, Final

from waypost.sandbox.wire.node import LID_SERVER, Jid, Node
from waypost.sandbox.wire.proto.handshake_pb2 import ClientPayload

_OUTGOING: Final = 1024
"""Stanzas that wait for a slow client at most; behind that its own requests wait."""
_RETRIED: Final = 256
"""Ids of messages that were asked for again; the acks that belong to them come within a second."""


@dataclass(frozen=True, slots=True)
class Owner:
    """The account and device that a connection logged in as."""

    number: str
    lid: str
    device: int

    def jid(self, server: str) -> Jid:
        """The device's address in a family: `lid` or `s.whatsapp.net`."""
        return Jid(self.lid if server == LID_SERVER else self.number, server, self.device)

    def owns(self, jid: Jid) -> bool:
        """Whether `jid` belongs to the same account."""
        return jid.user == (self.lid if jid.server == LID_SERVER else self.number)


class Link:
    """An open, encrypted connection; `owner` is None while it is only there to be paired."""

    def __init__(self, payload: ClientPayload, noise: bytes, close_delay: float) -> None:
        self.payload = payload
        self.noise = noise
        self.owner: Owner | None = None
        self.active = asyncio.Event()
        """The client asked for what waits for it."""
        self.wake = asyncio.Event()
        """Something new may wait in the queue."""
        self.closing = asyncio.Event()
        self.outgoing: asyncio.Queue[Node] = asyncio.Queue(_OUTGOING)
        self.replies: dict[str, asyncio.Future[Node]] = {}
        """Answers awaited from the client to the server's own requests, by id."""
        self.sent = 0
        """The place in the queue up to which stanzas were handed to this connection."""
        self.retried: deque[str] = deque(maxlen=_RETRIED)
        """Messages that the client asked for again and has not acked yet."""
        self.watched: dict[str, tuple[str, Jid]] = {}
        """Whose presence the client wants to be told: the number, and the address that it asked by."""
        self._close_delay = close_delay
        self._tasks: set[asyncio.Task[None]] = set()

    @property
    def device(self) -> Owner:
        """The owner of a connection that is logged in."""
        assert self.owner is not None
        return self.owner

    async def send(self, node: Node) -> None:
        """Queue a stanza for the client; waits while it reads too slowly."""
        if not self.closing.is_set():
            await self.outgoing.put(node)

    async def end(self, node: Node) -> None:
        """Send a stream error or failure and leave the socket open for the client to close: see
        `close_delay`."""
        await self.send(node)
        self.spawn(self._close_later())

    def drop(self) -> None:
        """Cut the connection without a word."""
        self.closing.set()

    def spawn(self, work: Coroutine[Any, Any, None]) -> None:
        """Run something that ends with the connection, such as a delayed ack."""
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def finish(self) -> None:
        """Cancel what still runs for this connection."""
        self.closing.set()
        for future in self.replies.values():
            future.cancel()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def _close_later(self) -> None:
        await asyncio.sleep(self._close_delay)
        self.closing.set()
