"""Everything between an event and a receiver, on a real database, with times that tests can wait for."""

import contextlib
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Any

import msgspec

from waypost.clock import Clock, SystemClock
from waypost.durable.retry import Schedule
from waypost.events import Event, EventName
from waypost.instances.instance import Account, Instance
from waypost.net.allow import AllowList
from waypost.net.guard import SystemResolver
from waypost.net.poster import Poster
from waypost.storage.database import Database
from waypost.storage.deliveries import SqlDeliveries
from waypost.storage.events import EventRows, SqlEvents
from waypost.storage.instances import SqlInstances
from waypost.storage.webhooks import SqlWebhooks
from waypost.telemetry import make_log
from waypost.testing.gateway_stage import until
from waypost.webhooks.courier import Courier
from waypost.webhooks.delivery import Delivery, DeliveryState
from waypost.webhooks.dispatcher import Dispatcher
from waypost.webhooks.journal import Journal
from waypost.webhooks.settings import DeliverySettings
from waypost.webhooks.store import DeliveryQuery
from waypost.webhooks.webhook import Webhook
from waypost.webhooks.webhooks import Wanted, Webhooks

INSTANCE = Instance(
    id="shop",
    name="shop",
    phone="447700900101",
    network="sandbox",
    created_at=0.0,
    account=Account(jid="447700900101:3@s.whatsapp.net", lid="7000:3@lid", push_name="Shop"),
)
# Three attempts within a second, and each pause far below that.
QUICK = DeliverySettings(
    retry=Schedule(delays=(0.05, 0.1, 0.2), jitter=0.2),
    retry_seconds=60.0,
    longest_pause=0.05,
    recovery_gap=0.0,
    look_every=0.2,
)


@dataclass
class PostOffice:
    """`holds` is whether this node delivers. `webhooks` is what the API works with."""

    journal: Journal
    events: SqlEvents
    webhooks: Webhooks
    deliveries: SqlDeliveries
    dispatcher: Dispatcher
    holds: bool = True
    count: int = field(default=0)

    async def hook(self, url: str, *events: EventName, **more: Any) -> Webhook:
        """A webhook for these events, `message.any` unless given."""
        return await self.webhooks.create(
            INSTANCE.id, Wanted(url=url, events=events or ("message.any",), **more)
        )

    async def tell(self, *chats: str, name: EventName = "message.any") -> list[int]:
        """An event in each of these chats, in this order; their numbers, which are in their payloads."""
        numbers = range(self.count, self.count + len(chats))
        self.count += len(chats)
        await self.journal.publish(
            [
                Event(
                    instance_id=INSTANCE.id,
                    name=name,
                    key=f"{number}",
                    at=0.0,
                    payload={"n": number},
                    chat=chat,
                )
                for number, chat in zip(numbers, chats, strict=True)
            ]
        )
        return list(numbers)

    async def all(self, webhook: Webhook, state: DeliveryState | None = None) -> list[Delivery]:
        """The webhook's deliveries in that state, oldest first."""
        query = DeliveryQuery(webhook_id=webhook.id, state=state, limit=100_000)
        return (await self.deliveries.page(query))[::-1]

    async def until(self, webhook: Webhook, state: DeliveryState, count: int) -> list[Delivery]:
        """Wait until as many deliveries are in that state."""

        async def look() -> list[Delivery]:
            return await self.all(webhook, state)

        found: list[Delivery] = await until(look, lambda found: len(found) == count)
        return found


@contextlib.asynccontextmanager
async def post_office(
    database: Database,
    settings: DeliverySettings = QUICK,
    clock: Clock | None = None,
    **changes: Any,
) -> AsyncIterator[PostOffice]:
    """A running post office; `changes` are further settings. A second one on the same database is another
    node, or the same after a restart."""
    settings = msgspec.structs.replace(settings, **changes)
    clock = clock or SystemClock()
    log = make_log("error", "text")
    instances = SqlInstances(database)
    if await instances.get(INSTANCE.id) is None:
        await instances.add(INSTANCE)
    rows = EventRows(database.dialect, settings.retry_seconds, lambda _: office.holds)
    resolver = SystemResolver()
    poster = Poster(AllowList.parse(["127.0.0.1"]), resolver)
    courier = Courier(poster, lambda _: INSTANCE, clock)
    deliveries = SqlDeliveries(database, rows, clock, settings.retry_seconds)
    rng = random.Random(1)  # noqa: S311 - the same in each run
    dispatcher = Dispatcher(deliveries, courier, lambda _: office.holds, clock, rng, settings, log)
    events = SqlEvents(database, rows, clock)
    journal = Journal(events)
    journal.on_news(dispatcher.told)
    webhooks = Webhooks(SqlWebhooks(database), deliveries, poster, courier, dispatcher.changed, clock)
    office = PostOffice(journal, events, webhooks, deliveries, dispatcher)
    try:
        async with dispatcher.running():
            yield office
    finally:
        resolver.close()
