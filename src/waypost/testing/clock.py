import asyncio
import heapq
import itertools


class FakeClock:
    """A clock that stands still until it is told to go on."""

    def __init__(self, now: float = 1_700_000_000.0) -> None:
        """`now` is seconds since the epoch; the monotonic clock begins at 0."""
        self._now = now
        self._monotonic = 0.0

    def now(self) -> float:
        """Seconds since the epoch."""
        return self._now

    def monotonic(self) -> float:
        """Seconds since the clock was made."""
        return self._monotonic

    def advance(self, seconds: float) -> None:
        """Let `seconds` pass. Timers of an event loop don't notice: wake whoever looks at this clock."""
        self._now += seconds
        self._monotonic += seconds

    def jump(self, seconds: float) -> None:
        """Somebody sets the wall clock."""
        self._now += seconds


class Timeline(FakeClock):
    """A clock whose sleepers wake as it is told to go on: for loops that are given their `sleep`."""

    def __init__(self) -> None:
        super().__init__()
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = itertools.count()

    async def sleep(self, seconds: float) -> None:
        """Wait until `seconds` of this clock have passed."""
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.monotonic() + seconds, next(self._count), future))
        await future

    async def pass_(self, seconds: float) -> None:
        """Let `seconds` pass, waking each sleeper at its time and letting it do what it can."""
        end = self.monotonic() + seconds
        await settle()
        while self._sleepers and self._sleepers[0][0] <= end:
            at, _, future = heapq.heappop(self._sleepers)
            if future.done():
                continue
            self.advance(max(at - self.monotonic(), 0.0))
            future.set_result(None)
            await settle()
        self.advance(end - self.monotonic())
        await settle()


async def settle() -> None:
    """Let every task that can go on do so, as far as it needs nothing but the loop."""
    for _ in range(40):
        await asyncio.sleep(0)
