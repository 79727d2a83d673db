import asyncio
from collections import defaultdict


class Waiters:
    """Who holds a call open until a request is finished. Bounded: beyond `limit` nobody waits."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._count = 0
        self._closed = False
        self._waiting: defaultdict[str, set[asyncio.Future[None]]] = defaultdict(set)

    def join(self, uuid: str) -> asyncio.Future[None] | None:
        """A future that is done when `uuid` is finished or nobody may wait any more; None when there is no
        place."""
        if self._closed or self._count >= self._limit:
            return None
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting[uuid].add(future)
        self._count += 1
        return future

    def leave(self, uuid: str, future: asyncio.Future[None]) -> None:
        """Give the place back."""
        waiting = self._waiting[uuid]
        if future in waiting:
            waiting.remove(future)
            self._count -= 1
        if not waiting:
            del self._waiting[uuid]

    def waiting(self) -> list[str]:
        """The requests that somebody waits for."""
        return list(self._waiting)

    def finished(self, uuid: str) -> None:
        """Let go of everyone who waits for `uuid`."""
        for future in self._waiting.get(uuid, ()):
            if not future.done():
                future.set_result(None)

    def release(self) -> None:
        """Let go of everyone, and let nobody wait from now on."""
        self._closed = True
        for uuid in list(self._waiting):
            self.finished(uuid)
