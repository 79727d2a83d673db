"""uvicorn inside a loop that is not its own: no signal handlers, and none of its pauses.

It looks every 0.1 s whether it is to stop, then waits 0.1 s for answers to leave, then looks every 0.1 s
whether they have: 0.2 s for each stop, and ten wakes a second of a gateway that has nothing to do.
"""

import asyncio
import contextlib
import socket
from collections.abc import Iterator
from typing import Final

import uvicorn

# Answers carry the time in whole seconds.
_TICK_SECONDS: Final = 1.0
_LOOK_SECONDS: Final = 0.005
_CUT_OFF_SECONDS: Final = 0.5
# Of the loop: for the task that an accepted connection begins with, for its transport, and for its protocol.
_TURNS: Final = 3


class PromptServer(uvicorn.Server):
    """A server that stops when `leave` is called, as soon as its last answer is out."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self._leaving = asyncio.Event()

    def leave(self) -> None:
        """Take no calls any more, and let those in progress finish for as long as the configuration says."""
        self.should_exit = True
        self._leaving.set()

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Capture none: Ctrl-C belongs to the process that composed this server."""
        yield

    async def main_loop(self) -> None:
        """Renew the date that answers carry, until `leave`."""
        while not await self.on_tick(0):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_TICK_SECONDS):
                    await self._leaving.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Close what is idle, and wait for the rest."""
        for server in self.servers:
            await stop_listening(server)
        for one in sockets or []:
            one.close()
        state = self.server_state
        told = set[object]()
        try:
            async with asyncio.timeout(self.config.timeout_graceful_shutdown):
                while True:
                    # Some were accepted just before, and come up now.
                    for connection in [one for one in state.connections if one not in told]:
                        told.add(connection)
                        connection.shutdown()
                    await asyncio.sleep(_LOOK_SECONDS)
                    if not state.connections and not state.tasks:
                        return
        except TimeoutError:
            await self._cut_off()

    async def _cut_off(self) -> None:
        """End what did not end in time, calls and connections, and see them gone."""
        state = self.server_state
        for task in state.tasks:
            task.cancel()
        for connection in state.connections:
            connection.transport.abort()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_CUT_OFF_SECONDS):
                while True:
                    await asyncio.sleep(_LOOK_SECONDS)
                    if not state.connections and not state.tasks:
                        return


async def stop_listening(server: asyncio.Server) -> None:
    """Close a server's sockets once whoever was accepted has come up. asyncio before Python 3.12 refuses the
    connection that is between the two with an AssertionError, and never closes it.
    """
    loop = asyncio.get_running_loop()
    for one in server.sockets:
        loop.remove_reader(one.fileno())
    for _ in range(_TURNS):
        await asyncio.sleep(0)
    server.close()
