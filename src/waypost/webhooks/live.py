"""Events as they come, for whoever holds a call open. The journal is read at the reader's own pace: a slow
reader costs no memory, and one that comes back goes on where it was.
"""

import asyncio
import contextlib
from collections import defaultdict
from collections.abc import AsyncGenerator, Collection
from typing import Final

from waypost.errors import STREAMS_FULL, ApiError
from waypost.webhooks.journal import Entry, EventStore

# Nothing passes through some proxies for a minute at most.
HEARTBEAT_SECONDS: Final = 15.0
# How soon an event is found that another node has stored.
LOOK_SECONDS: Final = 1.0
_PAGE: Final = 100
_STREAMS: Final = 500


class Live:
    """The streams of a node."""

    def __init__(
        self,
        store: EventStore,
        look_seconds: float,
        heartbeat_seconds: float = HEARTBEAT_SECONDS,
        most: int = _STREAMS,
    ) -> None:
        """`look_seconds`: how often the journal is looked at without news; `most`: streams at a time."""
        self._store = store
        self._look = min(look_seconds, heartbeat_seconds)
        self._heartbeat = heartbeat_seconds
        self._most = most
        self._count = 0
        self._closed = False
        self._news: defaultdict[str, set[asyncio.Event]] = defaultdict(set)

    @property
    def closed(self) -> bool:
        """Whether the streams of this process have ended."""
        return self._closed

    def told(self, instance_id: str) -> None:
        """Events of the instance were stored."""
        for news in self._news.get(instance_id, ()):
            news.set()

    def close(self) -> None:
        """End all streams; whoever reads comes back to another node or a later process."""
        self._closed = True
        for instance_id in list(self._news):
            self.told(instance_id)

    async def after(
        self, instance_id: str, seq: int | None, names: Collection[str]
    ) -> AsyncGenerator[Entry | int, None]:
        """The instance's events of these names after `seq`, or from now on, in order and for ever; first, and
        when there was none for a while, the number up to which there is none. Raises ApiError(STREAMS_FULL),
        StorageError.
        """
        if self._count >= self._most or self._closed:
            raise ApiError(STREAMS_FULL)
        news = asyncio.Event()
        self._count += 1
        self._news[instance_id].add(news)
        try:
            async for entry in self._read(instance_id, seq, names, news):
                yield entry
        finally:
            self._count -= 1
            self._news[instance_id].discard(news)
            if not self._news[instance_id]:
                del self._news[instance_id]

    async def _read(
        self, instance_id: str, seq: int | None, names: Collection[str], news: asyncio.Event
    ) -> AsyncGenerator[Entry | int, None]:
        loop = asyncio.get_running_loop()
        until = await self._store.settled()
        # A number from another database leads nowhere.
        seq = until if seq is None else min(seq, until)
        told_at = loop.time()
        # At once, so that the caller knows from when on nothing is missed.
        yield seq
        while not self._closed:
            page = await self._store.after(instance_id, seq, until, _PAGE)
            for entry in page:
                seq = entry.seq
                if entry.name in names:
                    yield entry
                    told_at = loop.time()
            # Also between pages that hold nothing for this reader.
            if loop.time() - told_at >= self._heartbeat:
                yield seq
                told_at = loop.time()
            if len(page) == _PAGE:
                continue
            seq = max(seq, until)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._look):
                    await news.wait()
            news.clear()
            until = await self._store.settled()
