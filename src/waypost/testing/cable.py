import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Final, Literal

from waypost.prompt_server import stop_listening

_CHUNK: Final = 65_536
_COMMIT: Final = b"COMMIT"
# Until then the server has read what was passed to it; a reset throws away what is unread.
_REACHES_SECONDS: Final = 0.05

State = Literal["whole", "cut", "silent", "cut_at_commit"]


class Cable:
    """A way to a TCP server on loopback that a test can cut.

    whole          everything passes
    cut            connections are reset, new ones too
    silent         connections stay, and nothing passes: what a lost network looks like
    cut_at_commit  a connection on which COMMIT passes is reset before the answer to it comes back
    """

    def __init__(self, port: int) -> None:
        self._target = port
        self._state: State = "whole"
        self._open = asyncio.Event()
        self._open.set()
        self._links: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    @property
    def port(self) -> int:
        """Where to connect to."""
        assert self._server is not None, "it is not laid"
        port: int = self._server.sockets[0].getsockname()[1]
        return port

    def turn(self, state: State) -> None:
        """Change what becomes of connections, those that there are included."""
        self._state = state
        if state == "silent":
            self._open.clear()
        else:
            self._open.set()
        if state == "cut":
            for link in self._links:
                link.cancel()

    @contextlib.asynccontextmanager
    async def laid(self) -> "AsyncIterator[Cable]":
        """Take connections while the context lasts."""
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0)
        try:
            yield self
        finally:
            await stop_listening(self._server)
            links = list(self._links)
            for link in links:
                link.cancel()
            await asyncio.gather(*links, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of our own: the server would report the end of one that is cancelled as an error.
        link = asyncio.create_task(self._link(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far: asyncio.StreamWriter | None = None
        try:
            if self._state == "cut":
                return
            far_reader, far = await asyncio.open_connection("127.0.0.1", self._target)
            there = asyncio.create_task(self._pass(reader, far, calls=True))
            back = asyncio.create_task(self._pass(far_reader, writer, calls=False))
            try:
                await asyncio.wait([there, back], return_when=asyncio.FIRST_COMPLETED)
            finally:
                back.cancel()
                if self._state == "cut_at_commit":
                    await asyncio.sleep(_REACHES_SECONDS)
                there.cancel()
                await asyncio.gather(there, back, return_exceptions=True)
        except OSError:
            pass  # the server is away: so is whoever asked for it
        finally:
            for end in (writer, far):
                if end is not None:
                    end.transport.abort()

    async def _pass(self, source: asyncio.StreamReader, target: asyncio.StreamWriter, *, calls: bool) -> None:
        while data := await source.read(_CHUNK):
            await self._open.wait()
            target.write(data)
            await target.drain()
            if calls and self._state == "cut_at_commit" and _COMMIT in data:
                return
