import asyncio
import random
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from waypost.clock import Clock
from waypost.errors import (
    DRAINING,
    INSTANCE_DELETED,
    NOT_CANCELLABLE,
    NOT_RETRYABLE,
    OUTCOME_UNKNOWN,
    QUEUE_FULL,
    REQUEST_NOT_FOUND,
    RETRY_NEEDS_FORCE,
    OutboxError,
)
from waypost.outbox.aliases import Aliases
from waypost.outbox.blobs import BlobFiles
from waypost.outbox.endings import Endings
from waypost.outbox.entry import Entry, Phase
from waypost.outbox.lane import Crew, Lane
from waypost.outbox.making_ready import MakingReady
from waypost.outbox.port import Executor
from waypost.outbox.receipts import ReceiptNote
from waypost.outbox.request import Acceptance, Accepted, Request, RequestState
from waypost.outbox.sending import Sending
from waypost.outbox.setbacks import Setbacks
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.slots import Slots
from waypost.outbox.store import NewRequest, OutboxStore, Page, Query
from waypost.outbox.sweep import Sweeper
from waypost.outbox.uuids import new_uuid
from waypost.outbox.waiters import Waiters
from waypost.telemetry import Log

T = TypeVar("T")


class Outbox:
    """Accepted requests: durable, each sent once, in the order of its chat, or ended with a reason."""

    def __init__(
        self,
        store: OutboxStore,
        blobs: BlobFiles,
        executor: Executor,
        clock: Clock,
        rng: random.Random,
        settings: OutboxSettings,
        log: Log,
        workshop: Path | None = None,
    ) -> None:
        """`rng` makes uuids and jitter; give a `SystemRandom` where uuids must not be guessed.

        `workshop` is where the executor keeps files in the making, named after their request; those of
        finished requests are swept.
        """
        self._store = store
        self._executor = executor
        self._clock = clock
        self._rng = rng
        self._settings = settings
        self._log = log
        self._waiters = Waiters(settings.waiters)
        self._endings = Endings(store, executor, clock, settings, log, self._waiters)
        setbacks = Setbacks(store, self._endings, clock, rng, settings)
        self._ready = MakingReady(store, executor, setbacks, self._endings, settings, log, self.merge_chats)
        self._sending = Sending(store, executor, setbacks, self._endings, clock, settings, log)
        self._sweeper = Sweeper(store, blobs, clock, settings, log, workshop, self._is_unfinished)
        self._slots = Slots(settings.prepares)
        self._lanes: dict[str, Lane] = {}
        self._aliases = Aliases()
        self._tasks: set[asyncio.Task[Any]] = set()
        self._unfinished = 0
        self._open = False

    # --- its life
    # -------------------------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Outbox"]:
        """Go on with what the last process left, take new requests, and stop in good order at the end."""
        takeover = await self._store.take_over()
        self._sending.use_key(takeover.secret_key)
        self._aliases = Aliases(takeover.aliases)
        for one in takeover.unfinished:
            self._add(Entry(one.request, one.steps, recovered=True))
        self._open = True
        for lane in self._lanes.values():
            lane.pump()
        self._spawn(self._sweeper.run())
        try:
            yield self
        finally:
            await self.drain()
            await self._cancel_tasks()

    async def drain(self) -> None:
        """Take and begin nothing any more, let waiters go, and give running sends their time, once."""
        if not self._open:
            return
        self._open = False
        self._waiters.release()
        for lane in self._lanes.values():
            lane.stop()
        sends = [task for lane in self._lanes.values() for task in lane.sends()]
        if sends:
            await asyncio.wait(sends, timeout=self._settings.drain)

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the calls
    # ------------------------------------------------------------------------------------------------

    async def accept(self, acceptance: Acceptance) -> Accepted:
        """Store a request; returns after the commit.

        Raises OutboxError (DRAINING, QUEUE_FULL, IDEMPOTENCY_MISMATCH), StorageError. A caller that goes away
        does not undo it.
        """
        self._must_have_room()
        return await self._whole(self._accept(acceptance))

    async def _accept(self, acceptance: Acceptance) -> Accepted:
        key = self._aliases.canonical(acceptance.instance_id, acceptance.chat_key)
        if key != acceptance.chat_key:
            acceptance = msgspec.structs.replace(acceptance, chat_key=key)
        now = self._clock.now()
        new = NewRequest(
            acceptance=acceptance,
            uuid=new_uuid(now, self._rng),
            created_at=now,
            expires_at=now + self._settings.expires,
            duplicates_since=now - self._settings.idempotency,
        )
        self._unfinished += 1  # its place is taken while it is written
        try:
            stored = await self._store.accept(new)
        finally:
            self._unfinished -= 1
        if stored.duplicate_of is not None:
            return Accepted(uuid=stored.duplicate_of, duplicate=True)
        self._add(Entry(_request(new, stored.seq))).pump()
        return Accepted(uuid=new.uuid)

    async def get(self, instance_id: str, uuid: str) -> Request:
        """The request as it is now. Raises OutboxError(REQUEST_NOT_FOUND)."""
        request = await self._store.get(instance_id, uuid)
        if request is None:
            raise OutboxError(REQUEST_NOT_FOUND)
        return self._live(request)

    async def list(
        self,
        instance_id: str,
        *,
        states: Sequence[RequestState] = (),
        operation: str | None = None,
        chat_key: str | None = None,
        cursor: str | None = None,
        limit: int = 50,
    ) -> Page:
        """Requests of an instance, newest first; `cursor` is the `next_cursor` of the page before."""
        key = None if chat_key is None else self._aliases.canonical(instance_id, chat_key)
        page = await self._store.page(
            Query(
                instance_id=instance_id,
                states=tuple(states),
                operation=operation,
                chat_key=key,
                cursor=cursor,
                limit=limit,
            )
        )
        return Page([self._live(request) for request in page.items], page.next_cursor)

    async def cancel(self, instance_id: str, uuid: str) -> Request:
        """Call off what was not sent. Raises OutboxError (REQUEST_NOT_FOUND, NOT_CANCELLABLE)."""
        return await self._whole(self._cancel(instance_id, uuid))

    async def _cancel(self, instance_id: str, uuid: str) -> Request:
        if not await self._store.cancel(instance_id, uuid, self._endings.cancelling()):
            await self.get(instance_id, uuid)
            raise OutboxError(NOT_CANCELLABLE)
        lane = self._lanes.get(instance_id)
        if lane is not None:
            lane.take_out(uuid)
            lane.pump()
        self._waiters.finished(uuid)
        return await self.get(instance_id, uuid)

    async def retry(self, instance_id: str, uuid: str, *, force: bool = False) -> Request:
        """Send a failed or cancelled request after all, at the end of its chat's order.

        Raises OutboxError: REQUEST_NOT_FOUND, NOT_RETRYABLE, RETRY_NEEDS_FORCE when it may have been sent
        already, BLOB_GONE, and what `accept` raises.
        """
        self._must_have_room()
        return await self._whole(self._retry(instance_id, uuid, force))

    async def _retry(self, instance_id: str, uuid: str, force: bool) -> Request:
        request = await self.get(instance_id, uuid)
        if request.failure is not None and request.failure.code == OUTCOME_UNKNOWN.code and not force:
            raise OutboxError(RETRY_NEEDS_FORCE)
        expires_at = self._clock.now() + self._settings.expires
        anew = await self._store.retry(instance_id, uuid, expires_at)
        if anew is None:
            raise OutboxError(NOT_RETRYABLE)
        self._add(Entry(anew.request, anew.steps)).pump()
        return self._live(anew.request)

    async def wait(self, instance_id: str, uuid: str, seconds: float) -> Request:
        """The request once it is finished, or as it is after `seconds`; at once when too many wait
        already.
        """
        future = self._waiters.join(uuid)
        try:
            request = await self.get(instance_id, uuid)
            if future is None or request.state.finished:
                return request
            with suppress(TimeoutError):
                async with asyncio.timeout(seconds):
                    await future
        finally:
            if future is not None:
                self._waiters.leave(uuid, future)
        return await self.get(instance_id, uuid)

    # --- what it is told
    # ------------------------------------------------------------------------------------------

    def wake(self, instance_id: str) -> None:
        """The instance's session has connected or otherwise changed."""
        lane = self._lanes.get(instance_id)
        if lane is not None:
            lane.wake()

    async def on_receipts(self, notes: Sequence[ReceiptNote]) -> None:
        """Keep receipts, of known messages and of others; returns after the commit. A replay changes
        nothing.
        """
        for arrived in await self._store.receipts(notes, self._clock.now()):
            lane = self._lanes.get(arrived.instance_id)
            if lane is not None:
                lane.receipt_came(arrived.uuid)

    async def merge_chats(self, instance_id: str, old: str, new: str) -> None:
        """`old` is another name of the chat `new`: from now on they are one line, in the order of
        acceptance.
        """
        new = self._aliases.canonical(instance_id, new)
        if old == new:
            return
        self._aliases.learn(instance_id, old, new)
        # In memory first: what is ordered too strictly for a moment does no harm.
        lane = self._lanes.get(instance_id)
        if lane is not None:
            lane.merge(old, new)
        await self._endings.stored(lambda: self._store.merge_chats(instance_id, old, new))

    async def drop_instance(self, instance_id: str) -> None:
        """The instance is deleted: end whatever it has, with that as the reason."""
        lane = self._lanes.pop(instance_id, None)
        if lane is None:
            return
        lane.stop()
        entries = lane.entries()
        for entry in entries:
            lane.take_out(entry.uuid)
        await asyncio.gather(*(self._endings.drop(entry, INSTANCE_DELETED) for entry in entries))
        self._aliases.forget(instance_id)

    async def sweep(self) -> None:
        """Take away at once what has served its time; otherwise done from time to time."""
        await self._sweeper.sweep()

    # --- inside
    # ---------------------------------------------------------------------------------------------------

    def _must_have_room(self) -> None:
        if not self._open:
            raise OutboxError(DRAINING)
        if self._unfinished >= self._settings.max_unfinished:
            raise OutboxError(QUEUE_FULL)

    def _add(self, entry: Entry) -> Lane:
        request = entry.request
        key = self._aliases.canonical(request.instance_id, request.chat_key)
        if key != request.chat_key:
            entry.request = msgspec.structs.replace(request, chat_key=key)
        lane = self._lanes.get(request.instance_id)
        if lane is None:
            lane = self._lanes[request.instance_id] = self._lane(request.instance_id)
        self._unfinished += 1
        lane.add(entry)
        return lane

    def _lane(self, instance_id: str) -> Lane:
        crew = Crew(
            ready=lambda: self._executor.ready(instance_id),
            prepare=self._ready.prepare,
            stage=self._ready.stage,
            send=self._sending.send,
            give_up=self._sending.give_up,
            expire=self._endings.expire,
            report=self._report,
        )
        return Lane(instance_id, crew, self._slots, self._settings, self._clock, self._spawn, self._gone)

    def _gone(self) -> None:
        self._unfinished -= 1

    def _is_unfinished(self, uuid: str) -> bool:
        return any(lane.find(uuid) is not None for lane in self._lanes.values())

    def _report(self, entry: Entry, error: Exception) -> None:
        self._log.error("lane_defect", request=entry.uuid, phase=entry.phase.name, exc_info=error)

    def _live(self, request: Request) -> Request:
        """`request` with what only this process knows of it."""
        lane = self._lanes.get(request.instance_id)
        entry = None if lane is None else lane.find(request.uuid)
        if lane is None or entry is None or request.state.finished:
            return request
        preparing = entry.phase is Phase.PREPARING and request.state is RequestState.QUEUED
        return msgspec.structs.replace(
            request,
            state=RequestState.PREPARING if preparing else request.state,
            waiting_for=self._waiting_for(lane, entry),
        )

    def _waiting_for(self, lane: Lane, entry: Entry) -> str | None:
        if entry.phase is Phase.RECEIPT:
            return "receipt"
        if entry.phase not in (Phase.TO_PREPARE, Phase.TO_STAGE, Phase.TO_SEND):
            return None
        instance_id = entry.request.instance_id
        if not self._executor.ready(instance_id):
            return self._executor.waiting_for(instance_id)
        if entry.not_before > self._clock.now():
            return "retry"
        return None if lane.is_first(entry) else "older_request"

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _whole(self, work: Coroutine[Any, Any, T]) -> T:
        """Do all of `work` even when the caller is cancelled: a row and its lane must not part."""
        return await asyncio.shield(self._spawn(work))


def _request(new: NewRequest, seq: int) -> Request:
    call = new.acceptance
    return Request(
        uuid=new.uuid,
        seq=seq,
        instance_id=call.instance_id,
        operation=call.operation,
        chat_key=call.chat_key,
        state=RequestState.QUEUED,
        request=call.request,
        payload=call.payload,
        payload_version=call.payload_version,
        created_at=new.created_at,
        expires_at=new.expires_at,
        blob_id=None if call.upload is None else call.upload.blob_id,
    )
