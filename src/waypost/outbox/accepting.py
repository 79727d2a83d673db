import asyncio
import random

import msgspec

from waypost.clock import Clock
from waypost.errors import (
    DRAINING,
    INSTANCE_QUEUE_FULL,
    NOT_RETRYABLE,
    QUEUE_FULL,
    OutboxError,
    StorageError,
)
from waypost.outbox.arrivals import Arrivals
from waypost.outbox.depths import Depths
from waypost.outbox.entry import Entry
from waypost.outbox.holdings import Holdings
from waypost.outbox.lanes import Lanes
from waypost.outbox.request import Acceptance, Accepted, Request
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.store import NewRequest, OutboxStore, Stored
from waypost.outbox.uuids import new_uuid


class Accepting:
    """Stores new requests and old ones that are tried again, whoever is going to send them."""

    def __init__(
        self,
        store: OutboxStore,
        lanes: Lanes,
        holdings: Holdings,
        arrivals: Arrivals,
        depths: Depths,
        clock: Clock,
        rng: random.Random,
        settings: OutboxSettings,
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._holdings = holdings
        self._arrivals = arrivals
        self._depths = depths
        self._clock = clock
        self._rng = rng
        self._settings = settings
        self.open = False

    def must_have_room(self, instance_id: str) -> None:
        """Raises OutboxError (DRAINING, QUEUE_FULL, INSTANCE_QUEUE_FULL)."""
        if not self.open:
            raise OutboxError(DRAINING)
        if self._depths.total >= self._settings.max_unfinished:
            raise OutboxError(QUEUE_FULL)
        if self._depths.of(instance_id) >= self._settings.max_of_instance:
            seconds = self._depths.seconds_until_room(instance_id, self._clock.monotonic())
            raise OutboxError(INSTANCE_QUEUE_FULL, retry_after=seconds)

    async def accept(self, acceptance: Acceptance) -> Accepted:
        """Store a request; returns after the commit. Raises OutboxError, StorageError."""
        self.must_have_room(acceptance.instance_id)
        new = self._new(acceptance)
        written: asyncio.Future[Stored] = asyncio.ensure_future(self._store.accept(new))
        self._depths.comes(acceptance.instance_id)
        written.add_done_callback(lambda done: self._take_in(new, done))
        stored = await asyncio.shield(written)
        return Accepted(uuid=stored.duplicate_of or new.uuid, duplicate=stored.duplicate_of is not None)

    async def accept_anew(self, request: Request) -> Request:
        """Store that a request is tried again, and what it is then. Raises OutboxError (NOT_RETRYABLE,
        BLOB_GONE), StorageError.
        """
        instance_id = request.instance_id
        expires_at = self._clock.now() + self._settings.expires
        epoch = self._holdings.epoch(instance_id)
        try:
            anew = await self._store.retry(instance_id, request.uuid, expires_at, epoch)
        except StorageError:
            self._arrivals.look([instance_id], everything=True)
            raise
        if anew is None:
            raise OutboxError(NOT_RETRYABLE)
        self._depths.comes(instance_id)
        self._depths.came(instance_id, True)
        self._arrivals.take(Entry(anew.request, anew.steps))
        return anew.request

    def _new(self, acceptance: Acceptance) -> NewRequest:
        key = self._lanes.canonical(acceptance.instance_id, acceptance.chat_key)
        if key != acceptance.chat_key:
            acceptance = msgspec.structs.replace(acceptance, chat_key=key)
        now = self._clock.now()
        return NewRequest(
            acceptance=acceptance,
            uuid=new_uuid(now, self._rng),
            created_at=now,
            expires_at=now + self._settings.expires,
            duplicates_since=now - self._settings.idempotency,
            epoch=self._holdings.epoch(acceptance.instance_id),
        )

    def _take_in(self, new: NewRequest, written: "asyncio.Future[Stored]") -> None:
        """Put a request that was stored into its lane, whether or not its caller still waits."""
        error = None if written.cancelled() else written.exception()
        stored = None if written.cancelled() or error is not None else written.result()
        is_new = stored is not None and stored.duplicate_of is None
        self._depths.came(new.acceptance.instance_id, is_new)
        # What is stored while the outbox closes is the next process's.
        if not self.open:
            return
        # Where the connection was lost during the commit, it may be there.
        if isinstance(error, StorageError):
            self._arrivals.look([new.acceptance.instance_id], everything=True)
        if stored is not None and is_new:
            self._arrivals.take(Entry(new.queued(stored.seq)))
