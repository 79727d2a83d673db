"""The way to the sandbox, as long and as bad as a test wants it."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import replace
from urllib.parse import urlsplit

import msgspec

from waypost.prompt_server import stop_listening
from waypost.testing.engine_stage import EngineStage


class FarNetwork:
    """Connections are let through after `delay` seconds, held, or refused."""

    def __init__(self, proxy_url: str) -> None:
        self._to = urlsplit(proxy_url)
        self.delay = 0.0
        self.held = 0  # connections that were not let through at once, so far
        self.refuses = False
        self._free = asyncio.Event()
        self._free.set()
        self._served: set[asyncio.Task[None]] = set()

    def hold(self) -> None:
        """Answer no connection from now on."""
        self._free.clear()

    def let_through(self) -> None:
        """Those that are held too."""
        self.refuses = False
        self._free.set()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        task = asyncio.current_task()
        assert task is not None
        self._served.add(task)
        try:
            with contextlib.suppress(ConnectionError):
                await self._let_in(reader, writer)
        except asyncio.CancelledError:
            pass  # by `end`; a stream server would log it as a failure
        finally:
            self._served.discard(task)
            writer.close()

    async def end(self) -> None:
        """Close all connections."""
        for task in list(self._served):
            task.cancel()
        await asyncio.gather(*self._served, return_exceptions=True)

    async def _let_in(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.refuses or not self._free.is_set():
            self.held += 1
        await self._free.wait()
        await asyncio.sleep(self.delay)
        if not self.refuses:
            theirs, there = await asyncio.open_connection(self._to.hostname, self._to.port)
            try:
                await asyncio.gather(_pump(reader, there), _pump(theirs, writer))
            finally:
                there.close()


@contextlib.asynccontextmanager
async def far(stage: EngineStage, network: FarNetwork) -> AsyncIterator[EngineStage]:
    """`stage`, whose engine goes through `network`; its sessions are closed at the end."""
    server = await asyncio.start_server(network.serve, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    there = msgspec.structs.replace(stage.network, proxy_url=f"http://127.0.0.1:{port}")
    try:
        yield replace(stage, network=there)
        network.let_through()
        await asyncio.gather(*(stage.engine.close(name) for name in stage.homes))
    finally:
        await stop_listening(server)
        await network.end()


async def _pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(1 << 16):
                writer.write(data)
                await writer.drain()
    finally:
        writer.close()
