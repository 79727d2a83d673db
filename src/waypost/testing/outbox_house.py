"""A database file and a network that outlive the outboxes on them: for tests of what a crash may do."""

import asyncio
import random
import sqlite3
from collections.abc import AsyncIterator, Callable, Container
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import msgspec

from waypost.clock import SystemClock
from waypost.durable.retry import Schedule
from waypost.errors import InvalidRequest
from waypost.instances.instance import Instance
from waypost.outbox.outbox import Outbox
from waypost.outbox.pacing import PacingRules
from waypost.outbox.policy import Policy
from waypost.outbox.request import Acceptance, Idempotency, Request, Upload
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.store import Beginning, OutboxStore
from waypost.storage.database import Database
from waypost.storage.instances import SqlInstances
from waypost.storage.open_chats import SqlOpenChats
from waypost.storage.outbox import SqlOutboxStore
from waypost.storage.sqlite.database import opened
from waypost.telemetry import make_log
from waypost.testing.clock import FakeClock
from waypost.testing.executor import Delivery, Network, ScriptedExecutor

INSTANCE = "shop"
SETTINGS = OutboxSettings(
    drain=0.0,
    look_every=0.05,
    retry=Schedule(delays=(1.0, 3.0, 10.0), jitter=0.0, attempts=4),
)


class Files:
    """The files of larger uploads, as names; remembers what it was asked."""

    def __init__(self) -> None:
        self.deleted: list[str] = []
        self.there: list[str] = []

    async def delete(self, blob_id: str) -> None:
        """Note it."""
        self.deleted.append(blob_id)

    async def sweep(self, known: Container[str], is_old: Callable[[str], bool]) -> int:
        """Remove those that are old and not `known`."""
        before = len(self.there)
        self.there = [name for name in self.there if name in known or not is_old(name)]
        return before - len(self.there)


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """A receipt as an engine tells it."""

    instance_id: str
    key: str
    kind: str
    chat: str
    participant: str
    message_ids: list[str]
    timestamp: int = 1_700_000_000

    @classmethod
    def of(cls, sent: Delivery, kind: str = "delivered", participant: str = "49@s.whatsapp.net") -> "Receipt":
        """What `participant` tells of a message that was sent."""
        return cls(
            instance_id=INSTANCE,
            key=f"{sent.message_id}/{kind}/{participant}",
            kind=kind,
            chat=f"{sent.chat}@s.whatsapp.net",
            participant=participant,
            message_ids=[sent.message_id],
        )


class SharedStore(SqlOutboxStore):
    """A store of a database that other nodes write to as well: who holds what is told by `Outbox.adopt`."""

    async def begin(self) -> Beginning:
        """The secret alone."""
        found = await super().begin()
        return Beginning(secret_key=found.secret_key)


class House:
    """A database file and a network that outlive the outboxes which are opened on them."""

    def __init__(self, path: Path, window: int | None = None) -> None:
        """With a `window` no outbox holds more requests than that in memory, and four of each chat."""
        self.path = path
        self.window = window
        self.network = Network()
        self.clock = FakeClock()
        self.files = Files()
        self.pacing: PacingRules | None = None
        self.resends = False
        self.workshop = path.parent / "workshop"
        self.workshop.mkdir(exist_ok=True)
        self.log = make_log("error", "text")
        self.rng = random.Random(7)  # noqa: S311 - a test wants the same every time

    @asynccontextmanager
    async def open(
        self,
        executor: ScriptedExecutor | None = None,
        settings: OutboxSettings = SETTINGS,
        *,
        clock: FakeClock | SystemClock | None = None,
    ) -> AsyncIterator[tuple[Outbox, ScriptedExecutor]]:
        """Leaving this is a crash for what runs: nothing gets time to finish."""
        executor = executor or ScriptedExecutor(self.network)
        async with opened(self.path) as database:
            with suppress(InvalidRequest):  # it is there since the first time
                shop = Instance(id=INSTANCE, name=INSTANCE, phone="49", network="sandbox", created_at=0.0)
                await SqlInstances(database).add(shop)
            outbox = self.make(database, executor, settings, clock)
            async with outbox.running():
                yield outbox, executor

    def make(
        self,
        database: Database,
        executor: ScriptedExecutor,
        settings: OutboxSettings = SETTINGS,
        clock: FakeClock | SystemClock | None = None,
        store: OutboxStore | None = None,
    ) -> Outbox:
        """An outbox on `database` that is not running yet."""
        if self.window is not None:
            settings = msgspec.structs.replace(
                settings, window=self.window, window_of_chat=4, look_every=SETTINGS.look_every
            )
        return Outbox(
            store or SqlOutboxStore(database),
            SqlOpenChats(database),
            self.files,
            executor,
            clock or self.clock,
            self.rng,
            settings,
            self.log,
            self.workshop,
            Policy(pacing=lambda _: self.pacing, resends=lambda _: self.resends),
        )

    def call(
        self,
        chat: str = "49",
        steps: tuple[str, ...] = ("note",),
        key: str | None = None,
        content: str = "a",
        upload: Upload | None = None,
        instance: str = INSTANCE,
    ) -> Acceptance:
        """A call that sends `steps` to `chat`."""
        return Acceptance(
            instance_id=instance,
            operation="send-voice",
            chat_key=chat,
            request=msgspec.json.encode({"chatId": chat}),
            payload=msgspec.json.encode(steps),
            payload_version=1,
            upload=upload,
            idempotency=None if key is None else Idempotency(key=key, content_sha256=content),
        )


async def finished(outbox: Outbox, uuid: str, seconds: float = 10.0) -> Request:
    """The request once it is finished."""
    request = await outbox.wait(INSTANCE, uuid, seconds)
    assert request.state.finished, f"still {request.state}, waiting for {request.waiting_for}"
    return request


async def until(condition: Callable[[], bool], seconds: float = 10.0) -> None:
    """Wait for a condition."""
    async with asyncio.timeout(seconds):
        while not condition():
            await asyncio.sleep(0.002)


async def waiting(outbox: Outbox, uuid: str, what: str | None, seconds: float = 10.0) -> Request:
    """The request once it waits for `what`."""
    async with asyncio.timeout(seconds):
        while True:
            request = await outbox.get(INSTANCE, uuid)
            if request.waiting_for == what:
                return request
            await asyncio.sleep(0.002)


def rows(house: House, sql: str) -> list[tuple[object, ...]]:
    """What the database holds, read by another connection."""
    connection = sqlite3.connect(house.path)
    try:
        return connection.execute(sql).fetchall()
    finally:
        connection.close()
