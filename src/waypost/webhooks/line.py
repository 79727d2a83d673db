"""What waits for one webhook, chat by chat.

A chat's events go one after the other, and what has failed holds up its own chat alone. A few chats go at
once. Only a window of what waits is in memory; chats whose first event has failed wait outside of it for
their time. Nothing here is the truth: that is in the database, and who begins anew reads it from there.
"""

import asyncio
import random
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Final

from waypost.clock import Clock
from waypost.durable.retry import delay
from waypost.errors import StorageError
from waypost.net.poster import Mailbox
from waypost.origin import on_behalf_of
from waypost.telemetry import Log
from waypost.webhooks.courier import Courier
from waypost.webhooks.delivery import Attempt, Delivery
from waypost.webhooks.settings import DeliverySettings
from waypost.webhooks.store import DeliveryStore
from waypost.webhooks.webhook import Webhook

# The outcome of an attempt is worth more than the next one.
_DISK_RETRY_SECONDS: Final = 0.5
_AFTER_DEFECT_SECONDS: Final = 5.0


class Line:
    """Delivers to one webhook until nothing is left to do."""

    def __init__(
        self,
        webhook: Webhook,
        store: DeliveryStore,
        courier: Courier,
        holds: Callable[[str], bool],
        clock: Clock,
        rng: random.Random,
        settings: DeliverySettings,
        log: Log,
    ) -> None:
        """`holds`: whether the instance is still this process's to deliver for."""
        self.webhook = webhook
        self._store = store
        self._courier = courier
        self._holds = holds
        self._clock = clock
        self._rng = rng
        self._settings = settings
        self._log = log
        self._chats: OrderedDict[str, deque[Delivery]] = OrderedDict()
        self._running: dict[str, asyncio.Task[None]] = {}
        self._blocked: dict[str, float] = {}
        self._more = True
        self._news = asyncio.Event()
        self._streak = 0
        self._pause_until = 0.0
        self._recovered_at: float | None = None
        self._ended = False
        self._disabled = False
        self._mailbox: Mailbox | None = None

    @property
    def has_news(self) -> bool:
        """Whether something was told that has not been looked at."""
        return self._more

    def poke(self) -> None:
        """There may be more to deliver, or sooner."""
        self._more = True
        self._blocked.clear()
        self._news.set()

    def told(self) -> None:
        """There may be more to deliver."""
        self._more = True
        self._news.set()

    @property
    def is_stopped(self) -> bool:
        """Whether it was told to end."""
        return self._ended

    def stop(self) -> None:
        """End; what is under way is cut off, and tried again by whoever comes next."""
        self._ended = True
        self._news.set()
        for task in self._running.values():
            task.cancel()

    async def run(self) -> None:
        """Deliver until nothing waits, or until `stop`; cancelled, it may leave a connection open."""
        try:
            while self._may_go_on():
                self._news.clear()
                self._unblock()
                await self._read()
                self._start()
                if not (self._running or self._chats or self._blocked or self._more):
                    return
                await self._wait()
        finally:
            tasks = list(self._running.values())
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            if self._mailbox is not None:
                await self._mailbox.close()

    def _may_go_on(self) -> bool:
        return not (self._ended or self._disabled) and self._holds(self.webhook.instance_id)

    # --- what is next --------------------------------------------------------------------------------------

    def _unblock(self) -> None:
        now = self._clock.now()
        due = [chat for chat, at in self._blocked.items() if at <= now]
        for chat in due:
            del self._blocked[chat]
            self._more = True

    async def _read(self) -> None:
        """Fill the window when it runs low."""
        settings = self._settings
        waiting = sum(len(rows) for rows in self._chats.values())
        if not self._more or waiting >= settings.at_once or len(self._blocked) >= settings.waiting:
            return
        self._more = False
        without = {*self._chats, *self._running, *self._blocked}
        try:
            rows = await self._store.upcoming(self.webhook.id, sorted(without), settings.window)
        except StorageError as error:
            self._log.warning("deliveries_not_read", webhook=self.webhook.id, code=error.code)
            self._more = True
            await asyncio.sleep(_DISK_RETRY_SECONDS)
            return
        self._more = self._more or len(rows) == settings.window
        now = self._clock.now()
        for row in rows:
            if row.chat in self._blocked:
                continue
            if row.chat not in self._chats and (row.next_attempt_at or 0.0) > now:
                self._blocked[row.chat] = self._no_later(row, now)
            else:
                self._chats.setdefault(row.chat, deque()).append(row)

    def _no_later(self, row: Delivery, now: float) -> float:
        """Whoever noted when to try again may have had another clock."""
        longest = max(self._settings.longest_retry_after, self._settings.retry.delays[-1] * 2)
        return min(row.next_attempt_at or 0.0, now + longest)

    def _start(self) -> None:
        at_once = self._settings.at_once if self._streak < self._settings.breaker else 1
        if self._clock.monotonic() < self._pause_until:
            return
        while self._chats and len(self._running) < at_once:
            chat, rows = self._chats.popitem(last=False)
            task = asyncio.create_task(self._deliver(chat, rows), name=f"webhook-{self.webhook.id}")
            self._running[chat] = task
            task.add_done_callback(partial(self._done, chat))

    def _done(self, chat: str, _: "asyncio.Task[None]") -> None:
        self._running.pop(chat, None)
        # What came for the chat meanwhile was not read.
        self._more = True
        self._news.set()

    async def _wait(self) -> None:
        """Until something is told or done, or it is time for something."""
        pause = self._pause_until - self._clock.monotonic()
        times = [pause] if self._chats and pause > 0 else []
        if self._blocked:
            times.append(min(self._blocked.values()) - self._clock.now())
        if not self._running and self._more and len(self._blocked) < self._settings.waiting and not times:
            return
        try:
            async with asyncio.timeout(max(min(times), 0.0) if times else None):
                await self._news.wait()
        except TimeoutError:
            return

    # --- one chat ------------------------------------------------------------------------------------------

    async def _deliver(self, chat: str, rows: "deque[Delivery]") -> None:
        """Deliver in order until one fails, or others are to have their turn."""
        try:
            while rows and self._may_go_on():
                with on_behalf_of(rows[0].entry.origin):
                    if not await self._attempt(rows[0]):
                        return
                rows.popleft()
        except Exception:  # noqa: BLE001 - a defect must not stop the other chats
            self._log.exception("delivery_failed", webhook=self.webhook.id)
            self._blocked[chat] = self._clock.now() + _AFTER_DEFECT_SECONDS

    async def _attempt(self, delivery: Delivery) -> bool:
        """Try once and keep what came of it; True when the chat may go on."""
        if self._mailbox is None:
            self._mailbox = self._courier.mailbox(self.webhook, self._settings.at_once)
        attempt = await self._courier.bring(delivery.entry, self.webhook, self._mailbox)
        if attempt.succeeded:
            await self._stored(lambda: self._store.delivered(delivery, attempt))
            await self._succeeded()
            return True
        self._failed()
        if attempt.at >= delivery.retry_until:
            await self._give_up(delivery, attempt)
            return True
        at = self._next_attempt(delivery, attempt)
        await self._stored(lambda: self._store.postponed(delivery, attempt, at))
        self._blocked[delivery.chat] = at
        self._log.info(
            "delivery_postponed",
            webhook=self.webhook.id,
            delivery=delivery.seq,
            attempts=delivery.attempts + 1,
            status=attempt.status,
        )
        return False

    def _next_attempt(self, delivery: Delivery, attempt: Attempt) -> float:
        settings = self._settings
        at = attempt.at + delay(settings.retry, delivery.attempts + 1, self._rng)
        wish = min(attempt.retry_after or 0.0, settings.longest_retry_after)
        # The last attempt is made when the time is over.
        return min(max(at, attempt.at + wish), max(delivery.retry_until, attempt.at + wish))

    async def _give_up(self, delivery: Delivery, attempt: Attempt) -> None:
        settings = self._settings
        since = attempt.at - settings.retry_seconds * settings.failing_share
        disabled = await self._stored(lambda: self._store.given_up(delivery, attempt, since))
        self._log.warning("delivery_given_up", webhook=self.webhook.id, delivery=delivery.seq)
        if disabled:
            self._log.error(
                "webhook_disabled",
                webhook=self.webhook.id,
                instance=self.webhook.instance_id,
                status=attempt.status,
                reason=attempt.error,
            )
            self._disabled = True
            self._chats.clear()
            self._news.set()

    async def _succeeded(self) -> None:
        was_down, self._streak, self._pause_until = self._streak >= self._settings.breaker, 0, 0.0
        now = self._clock.monotonic()
        gap = self._settings.recovery_gap
        if was_down and (self._recovered_at is None or now - self._recovered_at >= gap):
            self._recovered_at = now
            await self._stored(lambda: self._store.recovered(self.webhook.id))
            self.poke()

    def _failed(self) -> None:
        self._streak += 1
        beyond = self._streak - self._settings.breaker
        if beyond >= 0:
            pause = min(2.0 ** min(beyond, 10), self._settings.longest_pause)
            self._pause_until = self._clock.monotonic() + pause

    async def _stored(self, write: Callable[[], Awaitable[bool | None]]) -> bool:
        """Repeat a write until the database takes it."""
        while True:
            try:
                return bool(await write())
            except StorageError as error:
                self._log.error("delivery_not_stored", webhook=self.webhook.id, code=error.code)
                await asyncio.sleep(_DISK_RETRY_SECONDS)
