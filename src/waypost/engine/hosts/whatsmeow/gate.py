"""Keeps calls and starts apart: the library's maps have no locks.

What the library does, as neonize 0.5.2 has it (`goneonize/main.go`, functions `Neonize` and
`CallbackFunction`). A start writes `StopSignal`, opens the store, writes `eventChannel`, loads the device,
writes `clients`, and only then connects; it never writes again. When the connection is made (or a QR code
was scanned) it reads `eventChannel` and `clients`, and after that reports its first event. Every call reads
`clients` as its first act. A read during a write aborts the process, and so do two writes.

So a start has two signs, and neither is a guess. `written`: whatsmeow's "Dialing …", which the start's own
thread logs at the level DEBUG as the first act of connecting, before any network (`socket/framesocket.go`,
`FrameSocket.Connect`), or whatever comes later; opening the store may delay it, the network can't.
`settled`: the first event, or the start's return. From before the start until `written` no call begins; until
`settled` no other start does. A start that has not written in time has the calls refused until it has.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import Final, TypeVar

from waypost.errors import NOT_CONNECTED, EngineError

T = TypeVar("T")

# Seconds. Together a second, for which calls may be held.
HOLD_S: Final = 0.7  # for a start to write; 0.03 s on an idle machine
# For a call to end, or to read the map: that takes it microseconds, of a processor that it may wait for.
_READ_S: Final = 0.25
_CLEAR_S: Final = 0.3  # for all calls to be that far
# More than the library's own limits for a connect together (30 s to dial, 60 s for a proxy's answer, 10 s for
# TLS, 20 s for the Noise handshake): beyond it the network is not slow, the start is stuck.
SETTLE_S: Final = 150.0


@dataclass(frozen=True, slots=True)
class Start:
    """One start: `begin` starts it, `written` and `settled` are its signs (the second implies the first), and
    `slow` is told when it has not written within the hold, or is stuck while other starts wait."""

    begin: Callable[[], None]
    slow: Callable[[], None]
    written: asyncio.Event = field(default_factory=asyncio.Event)
    settled: asyncio.Event = field(default_factory=asyncio.Event)


class StartGate:
    """Used by the loop of one engine process; `pool` runs the calls."""

    def __init__(self, pool: Executor, hold: float = HOLD_S, settle: float = SETTLE_S) -> None:
        self._pool = pool
        self._hold = hold
        self._settle = settle
        self._one_start = asyncio.Lock()
        self._open = asyncio.Event()
        self._open.set()
        self._refusing = False
        self._entering: set[object] = set()  # calls that may not have read the map yet
        self._none_entering = asyncio.Event()
        self._none_entering.set()
        self._waiting = 0  # starts whose turn has not come
        self._going: asyncio.Task[None] | None = None

    async def call(self, function: Callable[[], T]) -> T:
        """Run `function`, one call into the library, in a thread, when no start may be writing.

        Raises EngineError(NOT_CONNECTED), without having called, when a start takes too long.
        """
        while not self._open.is_set():
            await self._open.wait()
        if self._refusing:
            raise EngineError(
                NOT_CONNECTED, "Another session takes long to start; this one moves to another process."
            )
        loop = asyncio.get_running_loop()
        token = object()
        self._entering.add(token)
        self._none_entering.clear()

        def run() -> T:
            loop.call_soon_threadsafe(loop.call_later, _READ_S, self._entered, token)
            return function()

        job = self._pool.submit(run)
        # Not when the awaiting task is done: it may be cancelled, and the call goes on.
        job.add_done_callback(lambda _: loop.call_soon_threadsafe(self._entered, token))
        return await asyncio.wrap_future(job)

    async def start(self, start: Start) -> None:
        """Begin `start` when it is its turn, and return once it is settled.

        Cancelling this takes back a start that has not begun; one that has is followed to its end.
        """
        self._waiting += 1
        try:
            await self._one_start.acquire()
        finally:
            self._waiting -= 1
        try:
            await self._close()
            start.begin()
        except BaseException:
            self._open.set()
            self._one_start.release()
            raise
        self._going = asyncio.create_task(self._follow(start))
        await asyncio.shield(self._going)

    async def _close(self) -> None:
        """Let no call begin, and wait until those that have begun are past the map; not longer than calls may
        be held at one time."""
        while True:
            self._open.clear()
            try:
                async with asyncio.timeout(_CLEAR_S):
                    await self._none_entering.wait()
                return
            except TimeoutError:  # all threads of the pool are busy, so that calls wait for one
                self._open.set()
                await asyncio.sleep(_CLEAR_S)

    async def _follow(self, start: Start) -> None:
        try:
            async with asyncio.timeout(self._hold):
                await start.written.wait()
        except TimeoutError:
            self._refusing = True
            self._open.set()
            start.slow()
            await start.written.wait()
            self._refusing = False
        self._open.set()
        while not start.settled.is_set():
            try:
                async with asyncio.timeout(self._settle):
                    await start.settled.wait()
            except TimeoutError:
                if self._waiting:
                    start.slow()
        self._one_start.release()

    def _entered(self, token: object) -> None:
        self._entering.discard(token)
        if not self._entering:
            self._none_entering.set()
