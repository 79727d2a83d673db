"""Tells as events what becomes of instances: each state that one comes to, and each QR code."""

import asyncio
import contextlib
import hashlib
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from waypost.clock import iso
from waypost.engine.port import QrCode
from waypost.errors import StorageError
from waypost.events import Event
from waypost.instances.instance import Condition
from waypost.instances.qr import png_base64
from waypost.instances.register import Register
from waypost.instances.state import sentence
from waypost.lasting import lasting
from waypost.telemetry import Log

_AGAIN_SECONDS: Final = 0.5
# While the database is away, states pile up; of a thousand instances this holds a dozen each.
_WAITING: Final = 10_000


class Announcer:
    """Hears of every change of the register, and tells what is new of the instances that are held here."""

    def __init__(
        self,
        register: Callable[[], Register],
        holds: Callable[[str], bool],
        publish: Callable[[Sequence[Event]], Awaitable[None]],
        log: Log,
    ) -> None:
        """`register` is asked for when first needed, since it reports here."""
        self._register = register
        self._holds = holds
        self._publish = publish
        self._log = log
        self._told: dict[str, tuple[Condition, QrCode | None]] = {}
        self._waiting: deque[Event] = deque(maxlen=_WAITING)
        self._news = asyncio.Event()

    def changed(self, instance_id: str) -> None:
        """An instance's condition or code may be another one."""
        register = self._register()
        if register.find(instance_id) is None or not self._holds(instance_id):
            self._told.pop(instance_id, None)
            return
        condition, code = register.condition(instance_id), register.code(instance_id)
        before = self._told.get(instance_id)
        self._told[instance_id] = condition, code
        if before is None or before[0] != condition:
            self._waiting.append(_status(instance_id, condition))
        if code is not None and (before is None or before[1] != code):
            self._waiting.append(_qr(instance_id, code, condition.since))
        self._news.set()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell what is new, in order, while the context lasts; at its end what is left."""
        task = asyncio.create_task(lasting(self._run, "announcer", self._log), name="announcer")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            with contextlib.suppress(StorageError):
                await self._publish(list(self._waiting))

    async def _run(self) -> None:
        while True:
            await self._news.wait()
            self._news.clear()
            while self._waiting:
                events = list(self._waiting)
                try:
                    await self._publish(events)
                except StorageError as error:
                    self._log.warning("instance_events_not_stored", code=error.code)
                    await asyncio.sleep(_AGAIN_SECONDS)
                    continue
                for event in events:
                    # Unless it was pushed out meanwhile.
                    if self._waiting and self._waiting[0] is event:
                        self._waiting.popleft()


def _status(instance_id: str, condition: Condition) -> Event:
    until, connected = condition.until, condition.connected_at
    return Event(
        instance_id=instance_id,
        name="instance.status",
        key=f"status/{condition.since}/{condition.state}/{condition.reason}",
        at=condition.since,
        payload={
            "status": condition.state.value,
            "reason": condition.reason,
            "reason_message": sentence(condition.reason),
            "until": None if until is None else iso(until),
            "connected_at": None if connected is None else iso(connected),
        },
    )


def _qr(instance_id: str, code: QrCode, at: float) -> Event:
    return Event(
        instance_id=instance_id,
        name="instance.qr",
        key=f"qr/{code.expires_at}/{hashlib.sha256(code.text.encode()).hexdigest()[:16]}",
        at=at,
        payload={
            "qr_text": code.text,
            "qr_code": png_base64(code.text),
            "qr_expires_at": iso(code.expires_at),
        },
    )
