"""Who gets a worker next.

A long recording takes half a minute, and somebody may send eight of them: whoever has a short one waits for
one that runs, and not for those that wait. Long ones have their turn all the same, after a few short ones.
"""

import asyncio
from collections import deque
from contextlib import suppress
from typing import Final

# Short ones that may go before a long one that waits.
PASSES: Final = 8

Line = deque[asyncio.Future[None]]


class Turns:
    """Places for a number of jobs."""

    def __init__(self, count: int) -> None:
        self._free = count
        self._short: Line = deque()
        self._long: Line = deque()
        self._passed = 0

    async def take(self, *, long: bool) -> None:
        """Wait for a place; `give_back` it afterwards."""
        if self._free:
            self._free -= 1
            return
        line = self._long if long else self._short
        mine = asyncio.get_running_loop().create_future()
        line.append(mine)
        try:
            await mine
        except asyncio.CancelledError:
            if mine.cancelled():
                with suppress(ValueError):
                    line.remove(mine)
            else:
                self.give_back()  # it was given to a caller who has gone
            raise

    def give_back(self) -> None:
        """Free a place, for whoever is next."""
        while line := self._next():
            mine = line.popleft()
            if not mine.done():
                mine.set_result(None)
                return
        self._free += 1

    def _next(self) -> Line | None:
        if self._short and (not self._long or self._passed < PASSES):
            self._passed = self._passed + 1 if self._long else 0
            return self._short
        self._passed = 0
        return self._long or None
