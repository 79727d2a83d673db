import asyncio
from collections.abc import Callable, Coroutine
from itertools import groupby
from typing import Any, Final, NamedTuple, Protocol

from waypost.clock import Clock
from waypost.outbox.entry import Entry
from waypost.outbox.window import Window

# Chats per query.
_CHATS: Final = 32
# How soon chats are looked for again that could leave memory, where some just did, and where none could.
_PARK_SECONDS: Final = 0.1
_NOBODY_SECONDS: Final = 0.5


class Source(Protocol):
    """The unfinished requests of one instance in the database, as far as this process holds them, by `seq`.
    Each call is repeated until the database answers.
    """

    async def of_any(self, since: int, without: list[str], limit: int) -> list[Entry]:
        """From `since` on, those of the chats `without` left out."""
        ...

    async def of_chats(self, chats: list[tuple[str, int]], limit: int) -> list[Entry]:
        """Of each chat from a number on, at most `limit`; chats come one after the other."""
        ...


class _Read(NamedTuple):
    entries: list[Entry]
    chats: list[str]


class Reading:
    """Brings requests from the database into a lane's window while there is room and something to read."""

    def __init__(
        self,
        window: Window,
        source: Source,
        of_chat: int,
        clock: Clock,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
        arrived: Callable[[list[Entry], list[str]], None],
    ) -> None:
        """`arrived` is told what was read, to be placed, and which chats may go on."""
        self._window = window
        self._source = source
        self._of_chat = of_chat
        self._clock = clock
        self._spawn = spawn
        self._arrived = arrived
        self._running = False
        self._stopped = False
        # Of the loop's clock: this is about the work that it costs, whatever a test's clock says.
        self._next_park = 0.0
        self._again: asyncio.TimerHandle | None = None

    def stop(self) -> None:
        """What is still being read is of no use."""
        self._stopped = True
        if self._again is not None:
            self._again.cancel()

    def kick(self) -> None:
        """Read if there is anything to read; returns at once."""
        if self._running or self._stopped:
            return
        self._make_room()
        if self._window.wants_chats or self._may_scan():
            self._running = True
            self._spawn(self._run())

    def _may_scan(self) -> bool:
        return self._window.unread.waits and self._window.has_room

    def _make_room(self) -> None:
        now = self._clock.now()
        if self._window.has_room:
            self._window.bring_back(now, _CHATS)
        elif self._again is None and (self._window.unread.waits or self._window.returns(now)):
            loop = asyncio.get_running_loop()
            if loop.time() >= self._next_park:
                self._window.park(now)
                wait = _PARK_SECONDS if self._window.has_room else _NOBODY_SECONDS
                self._next_park = loop.time() + wait
            # Nothing else may happen here for long: what fills the memory waits, too.
            self._again = loop.call_at(self._next_park, self._look_again)

    def _look_again(self) -> None:
        self._again = None
        self.kick()

    @property
    def runs(self) -> bool:
        """Whether something is being read."""
        return self._running

    async def _run(self) -> None:
        try:
            read = await (self._read_chats() if self._window.wants_chats else self._read_any())
        finally:
            self._running = False
        if not self._stopped:
            self._arrived(*read)

    async def _read_any(self) -> _Read:
        unread = self._window.unread
        start, rest, limit = unread.begin(), None, self._window.portion
        try:
            entries = await self._source.of_any(start, self._window.known_elsewhere(), limit)
            rest = entries[-1].request.seq + 1 if len(entries) == limit else None
        except BaseException:
            rest = start
            raise
        finally:
            unread.end(rest)
        return _Read(entries, [])

    async def _read_chats(self) -> _Read:
        chats = self._window.begin_chats(_CHATS)
        if not chats:
            return _Read([], [])
        rests: dict[str, int | None] = dict(chats)
        try:
            entries = await self._source.of_chats(chats, self._of_chat)
            rests = {key: None for key, _ in chats}
            for key, group in groupby(entries, key=lambda entry: entry.request.chat_key):
                found = list(group)
                rests[key] = found[-1].request.seq + 1 if len(found) == self._of_chat else None
        finally:
            for key, _ in chats:
                self._window.end_chat(key, rests[key])
        return _Read(entries, [key for key, _ in chats])
