"""Sees to it that every webhook of the instances held here has a line while something waits for it."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import Final

import msgspec

from waypost.clock import Clock
from waypost.errors import StorageError
from waypost.origin import apart
from waypost.telemetry import Log
from waypost.webhooks.courier import Courier
from waypost.webhooks.line import Line
from waypost.webhooks.settings import DeliverySettings
from waypost.webhooks.store import DeliveryStore
from waypost.webhooks.webhook import Webhook

# The database may be away when the process ends; nothing is lost by not waiting for it.
_STOP_SECONDS: Final = 5.0


class Dispatcher:
    """The lines of a node. News of events start them at once; a look from time to time finds what nobody
    told of: what another node stored, and what a dead one left.
    """

    def __init__(
        self,
        store: DeliveryStore,
        courier: Courier,
        holds: Callable[[str], bool],
        clock: Clock,
        rng: random.Random,
        settings: DeliverySettings,
        log: Log,
    ) -> None:
        """`holds`: whether an instance is this node's to deliver for."""
        self._store = store
        self._courier = courier
        self._holds = holds
        self._clock = clock
        self._rng = rng
        self._settings = settings
        self._log = log
        self._webhooks: dict[str, list[Webhook]] = {}
        self._lines: dict[str, tuple[Line, asyncio.Task[None]]] = {}
        self._look = asyncio.Event()
        self._poke = False
        self._stopped = False

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Deliver while the context lasts; what is under way at its end is delivered again."""
        task = asyncio.create_task(self._run(), name="webhooks")
        try:
            yield
        finally:
            self._stopped = True
            task.cancel()
            tasks = [task, *(task for _, task in self._lines.values())]
            for line, _ in self._lines.values():
                line.stop()
            _, late = await asyncio.wait(tasks, timeout=_STOP_SECONDS)
            for one in late:
                one.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    def told(self, instance_id: str) -> None:
        """Events of the instance were stored."""
        for webhook in self._webhooks.get(instance_id, ()):
            self._start(webhook)

    def changed(self) -> None:
        """Webhooks are others, or something was set out again: look at once, and let nothing wait."""
        self._poke = True
        self._look.set()

    async def _run(self) -> None:
        while True:
            self._look.clear()
            try:
                await self._refresh()
            except StorageError as error:
                self._log.warning("webhooks_not_read", code=error.code)
            except Exception:  # noqa: BLE001 - a row that can't be read must not end all deliveries for good
                self._log.exception("webhooks_not_read")
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(self._settings.look_every):
                    await self._look.wait()

    async def _refresh(self) -> None:
        webhooks = [one for one in await self._store.enabled() if self._holds(one.instance_id)]
        by_instance: dict[str, list[Webhook]] = {}
        for webhook in webhooks:
            by_instance.setdefault(webhook.instance_id, []).append(webhook)
        self._webhooks = by_instance
        now = {one.id: one for one in webhooks}
        for webhook_id, (line, _) in list(self._lines.items()):
            # `failing_since` is the store's to know; everything else is what a line works with.
            current = now.get(webhook_id)
            if current is None or _chosen(current) != _chosen(line.webhook):
                line.stop()
        owing = await self._store.owing() if webhooks else frozenset()
        poke, self._poke = self._poke, False
        for webhook in webhooks:
            if webhook.id in owing:
                self._start(webhook, poke=poke)

    def _start(self, webhook: Webhook, *, poke: bool = False) -> None:
        known = self._lines.get(webhook.id)
        if known is not None:
            line, _ = known
            if poke:
                line.poke()
            else:
                line.told()
            return
        if self._stopped:
            return
        line = Line(
            webhook,
            self._store,
            self._courier,
            self._holds,
            self._clock,
            self._rng,
            self._settings,
            self._log,
        )
        task = asyncio.create_task(line.run(), name=f"webhook-{webhook.id}", context=apart())
        self._lines[webhook.id] = line, task
        task.add_done_callback(lambda task: self._ended(line, task))

    def _ended(self, line: Line, task: "asyncio.Task[None]") -> None:
        webhook = line.webhook
        del self._lines[webhook.id]
        if task.cancelled() or self._stopped:
            return
        if line.is_stopped or line.has_news:
            self._look.set()  # another line may begin
        if error := task.exception():
            self._log.error("webhook_line_failed", webhook=webhook.id, exc_info=error)


def _chosen(webhook: Webhook) -> Webhook:
    return msgspec.structs.replace(webhook, failing_since=None)
