"""A receiver of webhooks, for tests: a real HTTP server that notes what comes and answers as it is told."""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from typing import Any

import msgspec

from waypost.prompt_server import stop_listening
from waypost.testing.gateway_stage import until

Answer = tuple[int, dict[str, str]]


@dataclass(frozen=True, slots=True)
class Received:
    """A request that came: `headers` by lower-case name."""

    path: str
    headers: dict[str, str]
    content: bytes

    @property
    def body(self) -> dict[str, Any]:
        """What was posted."""
        found: dict[str, Any] = msgspec.json.decode(self.content)
        return found

    @property
    def event(self) -> str:
        """The event's name."""
        return str(self.body["event"])

    @property
    def payload(self) -> dict[str, Any]:
        """The event's payload."""
        found: dict[str, Any] = self.body["data"]["payload"]
        return found


def take(_: Received) -> Answer:
    """Take everything."""
    return 200, {}


@dataclass
class Receiver:
    """`answer` decides what each request is told; `came` holds all of them, in order. `hold` keeps answers
    back while it is not set.
    """

    url: str
    answer: Callable[[Received], Answer] = take
    came: list[Received] = field(default_factory=list)
    hold: asyncio.Event = field(default_factory=asyncio.Event)
    text: bytes = b'{"seen":true}'
    open_now: int = 0
    most_open: int = 0

    def named(self, name: str) -> list[Received]:
        """The events of that name."""
        return [one for one in self.came if one.event == name]

    async def until(self, count: int, name: str | None = None) -> list[Received]:
        """Wait until so many have come (of that name), and all of them then."""

        async def look() -> list[Received]:
            return self.came if name is None else self.named(name)

        found: list[Received] = await until(look, lambda found: len(found) >= count)
        return found

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Serve one connection."""
        try:
            with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
                while True:
                    await self._answer_one(reader, writer)
        finally:
            writer.transport.abort()

    async def _answer_one(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        received = await _read(reader)
        self.came.append(received)
        self.open_now += 1
        self.most_open = max(self.most_open, self.open_now)
        await self.hold.wait()
        self.open_now -= 1
        status, headers = self.answer(received)
        lines = [f"{name}: {value}\r\n" for name, value in headers.items()]
        text = self.text
        head = f"HTTP/1.1 {status} Said\r\ncontent-length: {len(text)}\r\n{''.join(lines)}\r\n"
        writer.write(head.encode() + text)
        await writer.drain()


async def _read(reader: asyncio.StreamReader) -> Received:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    fields = (line.split(":", 1) for line in head[1:] if line)
    headers = {name.strip().lower(): value.strip() for name, value in fields}
    content = await reader.readexactly(int(headers.get("content-length", "0")))
    return Received(head[0].split(" ")[1], headers, content)


@contextlib.asynccontextmanager
async def receiving(answer: Callable[[Received], Answer] = take) -> AsyncIterator[Receiver]:
    """A receiver on a free port of this machine while the context lasts."""
    receiver = Receiver("", answer)
    receiver.hold.set()
    tasks: set[asyncio.Task[None]] = set()

    def connected(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(receiver.serve(reader, writer))
        tasks.add(task)
        task.add_done_callback(tasks.discard)
        # One that is cancelled before it begins closes nothing by itself.
        task.add_done_callback(lambda _: writer.transport.abort())

    server = await asyncio.start_server(connected, "127.0.0.1", 0)
    receiver.url = f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}/hook/secret-path"
    try:
        yield receiver
    finally:
        await stop_listening(server)
        for task in list(tasks):
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
