"""Keeps calls and starts apart.

The library holds its clients in maps without locks. A start writes them, every call reads them when it
begins, and a read during a write aborts the process. So only one start goes at a time, and no call begins
from shortly before a start until the new client has shown a sign of life, at most for `HOLD_S`.
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import Executor
from typing import Final, TypeVar

T = TypeVar("T")

HOLD_S: Final = (
    1.0  # seconds; a start that shows nothing by then waits on the network, and its maps are written
)
_READ_S: Final = 0.01  # seconds; a call that has begun reads the maps within microseconds


class StartGate:
    """Used by the loop of one engine process; `pool` runs the calls."""

    def __init__(self, pool: Executor, hold: float = HOLD_S) -> None:
        self._pool = pool
        self._hold = hold
        self._one_start = asyncio.Lock()
        self._open = asyncio.Event()
        self._open.set()
        self._queued = 0  # calls given to the pool that have not entered the library yet
        self._none_queued = asyncio.Event()
        self._none_queued.set()

    async def call(self, function: Callable[[], T]) -> T:
        """Run `function`, one call into the library, in a thread, when no start is going."""
        await self._open.wait()
        loop = asyncio.get_running_loop()
        self._queued += 1
        self._none_queued.clear()

        def run() -> T:
            loop.call_soon_threadsafe(self._begun)
            return function()

        return await loop.run_in_executor(self._pool, run)

    async def start(self, begin: Callable[[], None], alive: asyncio.Event) -> None:
        """Call `begin`, which starts a client, and return once `alive` is set or the hold is over."""
        async with self._one_start:
            self._open.clear()
            try:
                await self._none_queued.wait()
                await asyncio.sleep(_READ_S)
                begin()
                async with asyncio.timeout(self._hold):
                    await alive.wait()
            except TimeoutError:
                pass
            finally:
                self._open.set()

    def _begun(self) -> None:
        self._queued -= 1
        if self._queued == 0:
            self._none_queued.set()
