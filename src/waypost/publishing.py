"""What lies between an event and everybody who is told of it, put together once for the composition root."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence

from waypost.access.tokens import Tokens
from waypost.api.body import BodyReader
from waypost.api.deliveries_api import DeliveriesApi
from waypost.api.endpoint import Endpoint
from waypost.api.events_api import EventsApi
from waypost.api.webhooks_api import WebhooksApi
from waypost.clock import Clock
from waypost.config import ConfigError, Settings
from waypost.instances.announcer import Announcer
from waypost.instances.instance import Instance
from waypost.instances.register import Register
from waypost.net.allow import AllowList
from waypost.net.guard import SystemResolver
from waypost.net.poster import Poster
from waypost.storage.database import Database
from waypost.storage.events import EventRows, FinishedEvents, SqlEvents
from waypost.storage.webhooks import SqlWebhooks
from waypost.telemetry import Log
from waypost.watching.watching import Watching
from waypost.webhooks.courier import Courier
from waypost.webhooks.dispatcher import Dispatcher
from waypost.webhooks.journal import Journal
from waypost.webhooks.keeping import forget_old_events
from waypost.webhooks.live import HEARTBEAT_SECONDS, LOOK_SECONDS, Live
from waypost.webhooks.settings import delivery_settings
from waypost.webhooks.webhooks import Webhooks


class Publishing:
    """The journal and its readers. Tell events by `journal.publish`."""

    def __init__(
        self,
        settings: Settings,
        database: Database,
        holds: Callable[[str], bool],
        register: Callable[[], Register],
        clock: Clock,
        log: Log,
        watching: Watching,
    ) -> None:
        """`holds`: whether an instance is this node's; `register` is asked for when first needed. Raises
        ConfigError.
        """
        deliveries = delivery_settings(settings)
        self._keep, self._clock, self._log = settings.keep_events_seconds, clock, log
        rows = EventRows(database.dialect, deliveries.retry_seconds, holds)
        store = watching.deliveries(database, rows, clock, deliveries.retry_seconds)
        self._resolver = SystemResolver()
        self.poster = poster = Poster(_allowed(settings), self._resolver)
        self._find: Callable[[str], Instance | None] = lambda instance_id: register().find(instance_id)
        courier = Courier(poster, self._find, clock)
        self._events = SqlEvents(database, rows, clock)
        self.journal = Journal(self._events)
        self.live = Live(self._events, LOOK_SECONDS if database.dialect.shared else HEARTBEAT_SECONDS)
        self.journal.on_news(self.live.told)
        self.endings = FinishedEvents(rows, self.journal.told)
        self.announcer = Announcer(register, holds, self.journal.publish, log)
        rng = random.SystemRandom()
        self._dispatcher = Dispatcher(store, courier, holds, clock, rng, deliveries, log)
        self.journal.on_news(self._dispatcher.told)
        self.webhooks = Webhooks(
            SqlWebhooks(database), store, poster, courier, self._dispatcher.changed, clock
        )

    def told(self, instance_id: str) -> None:
        """Another node has stored events of the instance; without one, webhooks are others."""
        if instance_id:
            self.journal.told([instance_id])
        else:
            self._dispatcher.changed()

    def endpoints(self, bodies: BodyReader, tokens: Tokens) -> Sequence[Endpoint]:
        """What the API offers of it."""
        return [
            *EventsApi(self.live, self._find, tokens).endpoints(),
            *WebhooksApi(self.webhooks, bodies).endpoints(),
            *DeliveriesApi(self.webhooks, bodies).endpoints(),
        ]

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Pass on what is told while the context lasts."""
        async with contextlib.AsyncExitStack() as stack:
            stack.callback(self._resolver.close)
            await stack.enter_async_context(self._dispatcher.running())
            await stack.enter_async_context(self.announcer.running())
            sweeping = asyncio.create_task(self._sweep(), name="events-sweep")
            stack.callback(sweeping.cancel)
            yield

    async def _sweep(self) -> None:
        await forget_old_events(self._events, self._keep, self._clock, self._log)


def _allowed(settings: Settings) -> AllowList:
    try:
        return AllowList.parse(settings.webhook_allow)
    except ValueError as wrong:
        raise ConfigError([f"WAYPOST_WEBHOOK_ALLOW: {wrong}"]) from None
