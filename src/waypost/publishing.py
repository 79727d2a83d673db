"""What lies between an event and everybody who is told of it, put together once for the composition root."""

import contextlib
from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final

from waypost.clock import Clock
from waypost.instances.announcer import Announcer
from waypost.instances.register import Register
from waypost.storage.database import Database
from waypost.storage.events import EventRows, FinishedEvents, SqlEvents
from waypost.telemetry import Log
from waypost.webhooks.journal import Journal

_RETRY_SECONDS: Final = 3 * 86_400.0


class Publishing:
    """The journal and its readers. Tell events by `journal.publish`."""

    def __init__(
        self,
        database: Database,
        holds: Callable[[str], bool],
        register: Callable[[], Register],
        clock: Clock,
        log: Log,
    ) -> None:
        """`holds`: whether an instance is this node's; `register` is asked for when first needed."""
        rows = EventRows(database.dialect, _RETRY_SECONDS, holds)
        self.journal = Journal(SqlEvents(database, rows, clock))
        self.endings = FinishedEvents(rows, self.told)
        self.announcer = Announcer(register, holds, self.journal.publish, log)

    def told(self, instance_ids: Iterable[str]) -> None:
        """Events of these instances were stored, here or elsewhere."""
        self.journal.told(instance_ids)

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Pass on what is told while the context lasts."""
        async with contextlib.AsyncExitStack() as stack:
            await stack.enter_async_context(self.announcer.running())
            yield
