"""The names that a session's store has: the account's own, and those of its address book.

The library has no event for either. It reads them from what the account's devices tell each other and says so
in its log; then the store is looked at, and what is new is told.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Protocol

from structlog.typing import FilteringBoundLogger

from waypost.engine.hosts.whatsmeow import account_events
from waypost.engine.hosts.whatsmeow.library import Library
from waypost.engine.port import EngineEvent
from waypost.errors import EngineError


class Call(Protocol):
    """One call into the library for the session. Raises EngineError."""

    def __call__(self, function: Callable[[Library, bytes], bytes], /) -> Awaitable[bytes]: ...


class Names:
    """What of them was told in this process; `append` tells."""

    def __init__(
        self,
        instance_id: str,
        call: Call,
        append: Callable[[EngineEvent], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._instance_id = instance_id
        self._call = call
        self._append = append
        self._log = log
        self._own = ""
        self._told: dict[str, str] = {}
        self._news = asyncio.Event()
        self._task: asyncio.Task[None] | None = None

    def look(self) -> None:
        """There may be other names; in the event loop."""
        self._news.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._look())

    def stop(self) -> None:
        """Look no more."""
        if self._task is not None:
            self._task.cancel()

    async def _look(self) -> None:
        while self._news.is_set():
            self._news.clear()
            try:
                await self._read()
            except EngineError as error:  # the next connection looks again
                self._log.info("names_not_read", session=self._instance_id, code=error.code)

    async def _read(self) -> None:
        own = await self._call(lambda library, client: library.account.own(client))
        named = account_events.own_name(own, self._instance_id, time.time())
        if named.name and named.name != self._own:
            self._own = named.name
            self._append(named)
        book = await self._call(lambda library, client: library.account.contacts(client))
        for part in account_events.address_book(book, self._told, self._instance_id, time.time()):
            self._told.update({one.jid: one.name for one in part.people})
            self._append(part)
