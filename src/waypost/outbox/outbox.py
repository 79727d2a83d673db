import asyncio
import random
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any, Final, TypeVar

from waypost.clock import Clock
from waypost.errors import (
    INSTANCE_DELETED,
    NOT_CANCELLABLE,
    OUTCOME_UNKNOWN,
    REQUEST_NOT_FOUND,
    RESTORED,
    RETRY_NEEDS_FORCE,
    OutboxError,
)
from waypost.lasting import lasting
from waypost.nodes.lease import Tenure
from waypost.origin import apart
from waypost.outbox.accepting import Accepting
from waypost.outbox.arrivals import Arrivals
from waypost.outbox.backlog import Backlog
from waypost.outbox.blobs import BlobFiles
from waypost.outbox.crew import Crew, in_its_name
from waypost.outbox.depths import Depths
from waypost.outbox.elsewhere import Elsewhere
from waypost.outbox.endings import Endings
from waypost.outbox.entry import Entry
from waypost.outbox.figures import Figures, figures
from waypost.outbox.holdings import Holdings
from waypost.outbox.lanes import Lanes
from waypost.outbox.making_ready import MakingReady
from waypost.outbox.merging import Merging
from waypost.outbox.open_chats import OpenChat, OpenChats, OpenChatStore
from waypost.outbox.pacer import Pacer
from waypost.outbox.policy import PLAIN, Policy
from waypost.outbox.port import Executor
from waypost.outbox.receipts import ReceiptNote
from waypost.outbox.request import Acceptance, Accepted, Receipt, Request, RequestState
from waypost.outbox.sending import Sending
from waypost.outbox.setbacks import Setbacks
from waypost.outbox.settings import OutboxSettings
from waypost.outbox.store import OutboxStore, Page, Query
from waypost.outbox.stored_requests import StoredRequests
from waypost.outbox.sweep import Sweeper
from waypost.outbox.takeover import Takeover
from waypost.outbox.waiters import Waiters
from waypost.telemetry import Log

T = TypeVar("T")

# A request that ended so is sent again on the caller's word alone.
_PERHAPS_SENT: Final = frozenset({OUTCOME_UNKNOWN.code, RESTORED.code})


class Outbox:
    """Accepted requests: durable, each sent once, in the order of its chat, or ended with a reason."""

    def __init__(
        self,
        store: OutboxStore,
        chats: OpenChatStore,
        blobs: BlobFiles,
        executor: Executor,
        clock: Clock,
        rng: random.Random,
        settings: OutboxSettings,
        log: Log,
        workshop: Path | None = None,
        policy: Policy = PLAIN,
    ) -> None:
        """`rng` makes uuids and jitter; give a `SystemRandom` where uuids must not be guessed.

        `workshop` is where the executor keeps files in the making, named after their request; those of
        finished requests are swept.
        """
        self._store = store
        self._executor = executor
        self._clock = clock
        self._settings = settings
        self._log = log
        self._waiters = Waiters(settings.waiters)
        self._chats = OpenChats(chats)
        self._pacer = pacer = Pacer(self._chats, policy.pacing, self._let_go, clock, rng, log)
        self._endings = ends = Endings(store, executor, pacer, clock, settings, log, self._waiters)
        setbacks = Setbacks(store, ends, pacer, clock, rng, settings)
        self._ready = MakingReady(store, executor, setbacks, ends, pacer, settings, log, self.merge_chats)
        self._sending = Sending(store, executor, setbacks, ends, pacer, policy.resends, clock, settings, log)
        self.depths = depths = Depths()
        self._lanes = Lanes(executor, self._crew, settings, clock, depths, self._spawn)
        self._merging = Merging(store, self._lanes, ends, self._spawn)
        self._sweeper = Sweeper(
            store, blobs, clock, settings, log, workshop, lambda: ends.cancelling(INSTANCE_DELETED)
        )
        self._holdings = holdings = Holdings()
        self._arrivals = Arrivals(store, self._lanes, holdings, self._endings.stored, self._spawn)
        self._takeover = Takeover(store, self._lanes, holdings, depths, self._arrivals)
        self._elsewhere = Elsewhere(
            store, executor, clock, self._lanes, holdings, self._arrivals, self._waiters
        )
        self._backlog = Backlog(
            store, self._lanes, holdings, depths, self._endings, clock, settings.look_every
        )
        self._accepting = Accepting(
            store, self._lanes, holdings, self._arrivals, depths, clock, rng, settings
        )
        self._tasks: set[asyncio.Task[Any]] = set()

    @property
    def busy(self) -> bool:
        """Whether anything is made ready or sent right now."""
        return any(entry.task is not None for lane in self._lanes for entry in lane.entries())

    def figures(self) -> Figures:
        """How much of it is in memory, for metrics."""
        return figures(self._lanes, self._pacer)

    # --- its life -----------------------------------------------------------------------------------------

    @asynccontextmanager
    async def running(self) -> AsyncIterator["Outbox"]:
        """Take new requests, and stop in good order at the end.

        Alone on its database it goes on at once with what the last process left; where nodes share one, with
        what it is told to `adopt`.
        """
        beginning = await self._store.begin()
        self._sending.use_key(beginning.secret_key)
        self._holdings.hold_all(beginning.epoch)
        await self._backlog.count()
        await self._takeover.adopt(beginning.tenures)
        self._accepting.open = True
        for lane in self._lanes:
            lane.pump()
        if not self._holdings.alone:
            self._spawn(lasting(self._elsewhere.run, "outbox-elsewhere", self._log))
        self._spawn(lasting(self._backlog.run, "outbox-backlog", self._log))
        self._spawn(lasting(self._sweeper.run, "outbox-sweep", self._log))
        try:
            yield self
        finally:
            await self.drain()
            await self._cancel_tasks()

    async def drain(self) -> None:
        """Take and begin nothing any more, let waiters go, and give running sends their time, once."""
        if not self._accepting.open:
            return
        self._accepting.open = False
        self._waiters.release()
        for lane in self._lanes:
            lane.stop()
        sends = [task for lane in self._lanes for task in lane.sends()]
        if sends:
            await asyncio.wait(sends, timeout=self._settings.drain)

    async def _cancel_tasks(self) -> None:
        tasks = list(self._tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # --- the calls ----------------------------------------------------------------------------------------

    def accept(self, acceptance: Acceptance) -> Coroutine[Any, Any, Accepted]:
        """Store a request; returns after the commit.

        Raises OutboxError (DRAINING, QUEUE_FULL, INSTANCE_QUEUE_FULL, IDEMPOTENCY_MISMATCH), StorageError. A
        caller that goes away does not undo it.
        """
        return self._accepting.accept(acceptance)

    async def get(self, instance_id: str, uuid: str) -> Request:
        """The request as it is now. Raises OutboxError(REQUEST_NOT_FOUND)."""
        request = await self._store.get(instance_id, uuid)
        if request is None:
            raise OutboxError(REQUEST_NOT_FOUND)
        return (await self._shown(instance_id, [request]))[0]

    async def receipts(self, request: Request) -> Sequence[Receipt]:
        """How far each member of a group is with a request's first message, who was heard last first."""
        return await self._store.told_of(request)

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
        key = None if chat_key is None else self._lanes.canonical(instance_id, chat_key)
        query = Query(
            instance_id=instance_id,
            states=tuple(states),
            operation=operation,
            chat_key=key,
            cursor=cursor,
            limit=limit,
        )
        page = await self._store.page(query)
        return Page([*await self._shown(instance_id, page.items)], page.next_cursor)

    async def cancel(self, instance_id: str, uuid: str) -> Request:
        """Call off what was not sent. Raises OutboxError (REQUEST_NOT_FOUND, NOT_CANCELLABLE)."""
        return await self._whole(self._cancel(instance_id, uuid))

    async def _cancel(self, instance_id: str, uuid: str) -> Request:
        if not await self._store.cancel(instance_id, uuid, self._endings.cancelling()):
            await self.get(instance_id, uuid)
            raise OutboxError(NOT_CANCELLABLE)
        lane = self._lanes.find(instance_id)
        if lane is None or lane.find(uuid) is None:
            self.depths.ended(instance_id, self._clock.monotonic())
        self.cancelled(instance_id, uuid)
        return await self.get(instance_id, uuid)

    async def retry(self, instance_id: str, uuid: str, *, force: bool = False) -> Request:
        """Send a failed or cancelled request after all, at the end of its chat's order.

        Raises OutboxError: REQUEST_NOT_FOUND, NOT_RETRYABLE, RETRY_NEEDS_FORCE when it may have been sent
        already, BLOB_GONE, and what `accept` raises.
        """
        self._accepting.must_have_room(instance_id)
        return await self._whole(self._retry(instance_id, uuid, force))

    async def _retry(self, instance_id: str, uuid: str, force: bool) -> Request:
        request = await self.get(instance_id, uuid)
        if request.failure is not None and request.failure.code in _PERHAPS_SENT and not force:
            raise OutboxError(RETRY_NEEDS_FORCE)
        return (await self._shown(instance_id, [await self._accepting.accept_anew(request)]))[0]

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

    # --- what it is told ----------------------------------------------------------------------------------

    def wake(self, instance_id: str) -> None:
        """The instance's session has connected or otherwise changed."""
        lane = self._lanes.find(instance_id)
        if lane is not None:
            lane.wake()

    async def adopt(self, tenures: Sequence[Tenure]) -> None:
        """Begin to send for these instances, and go on with what their last holder left.

        Raises StorageError: then none of them is held.
        """
        await self._takeover.adopt(tenures)

    async def release(self, instance_ids: Sequence[str], *, at_once: bool = False) -> None:
        """Stop sending for these instances: nothing else begins, running sends get their time to end unless
        it has to be `at_once`.

        What is unfinished stays for the next holder. Returns when nothing of theirs runs any more.
        """
        await self._takeover.release(instance_ids, 0.0 if at_once else self._settings.drain)
        for one in instance_ids:
            self._pacer.forget(one)

    def look(self, instance_ids: Sequence[str] | None = None) -> None:
        """Requests of these instances (all, unless some are named) may have been accepted elsewhere."""
        held = [one.instance_id for one in self._holdings.tenures()]
        self._arrivals.look(held if instance_ids is None else instance_ids)

    def cancelled(self, instance_id: str, uuid: str) -> None:
        """A request was called off, here or elsewhere."""
        lane = self._lanes.find(instance_id)
        if lane is not None:
            entry = lane.take_out(uuid)
            if entry is not None:
                self._pacer.left(entry.request)
            lane.pump()
        self._waiters.finished(uuid)

    def receipt_came(self, instance_id: str, uuid: str) -> None:
        """A receipt was stored, here or elsewhere, that a request waits for."""
        lane = self._lanes.find(instance_id)
        if lane is not None:
            lane.receipt_came(uuid)

    async def on_receipts(self, notes: Sequence[ReceiptNote]) -> None:
        """Keep receipts, of known messages and of others; returns after the commit. A replay changes
        nothing.
        """
        for arrived in await self._store.receipts(notes, self._clock.now()):
            self.receipt_came(arrived.instance_id, arrived.uuid)

    def pacing_changed(self, instance_id: str) -> None:
        """The operator has other rules for the instance's pacing."""
        self._pacer.rules_changed(instance_id)

    def _let_go(self, instance_id: str) -> None:
        lane = self._lanes.find(instance_id)
        if lane is not None:
            lane.let_go()

    async def on_written(self, chats: Sequence[OpenChat]) -> None:
        """Somebody has written in these chats: they are open from now on; returns after the commit."""
        for chat in await self._chats.written(chats, self._clock.now()):
            key = self._lanes.canonical(*chat)
            self._chats.remember(chat.instance_id, key)
            lane = self._lanes.find(chat.instance_id)
            if lane is not None:
                lane.let_go(key)

    async def merge_chats(self, instance_id: str, old: str, new: str) -> None:
        """`old` is another name of the chat `new`."""
        await self._merging.merge(instance_id, old, new)

    async def drop_instance(self, instance_id: str) -> None:
        """The instance is deleted: end whatever it has, with that as the reason."""
        if not self._holdings.alone:
            # What others have accepted meanwhile.
            await self._takeover.adopt(self._holdings.tenures([instance_id]))
        entries = self._lanes.drop(instance_id)

        async def drop(entry: Entry) -> None:
            await self._endings.drop(entry, INSTANCE_DELETED)

        await asyncio.gather(*(drop(entry) for entry in entries))
        await self._backlog.end_all(instance_id, drop)
        self._pacer.forget(instance_id)
        await self._endings.stored(lambda: self._chats.forget(instance_id))

    async def sweep(self) -> None:
        """Take away at once what has served its time; otherwise done from time to time."""
        await self._sweeper.sweep()

    # --- inside -------------------------------------------------------------------------------------------

    async def _shown(self, instance_id: str, requests: Sequence[Request]) -> Sequence[Request]:
        """Requests of one instance with what is known beside their rows."""
        if not self._holdings.epoch(instance_id) and not all(one.state.finished for one in requests):
            return await self._elsewhere.shown(requests)
        return [self._lanes.live(request) for request in requests]

    def _crew(self, instance_id: str) -> Crew:
        return Crew(
            ready=lambda: self._executor.ready(instance_id),
            source=StoredRequests(self._store, self._holdings, instance_id, self._endings.stored),
            canonical=lambda key: self._lanes.canonical(instance_id, key),
            renamed=lambda old, new: self._merging.renamed(instance_id, old, new),
            prepare=in_its_name(self._ready.prepare),
            stage=in_its_name(self._ready.stage),
            send=in_its_name(self._sending.send),
            give_up=in_its_name(self._sending.give_up),
            expire=in_its_name(self._endings.expire),
            restricted_until=self._pacer.restricted_until,
            report=self._report,
        )

    def _report(self, entry: Entry, error: Exception) -> None:
        self._log.error("lane_defect", request=entry.uuid, phase=entry.phase.name, exc_info=error)

    def _spawn(self, work: Coroutine[Any, Any, T]) -> "asyncio.Task[T]":
        task = asyncio.get_running_loop().create_task(work, context=apart())
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    async def _whole(self, work: Coroutine[Any, Any, T]) -> T:
        """Do all of `work` even when the caller is cancelled: a row and its lane must not part."""
        return await asyncio.shield(self._spawn(work))
