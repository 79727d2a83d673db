"""Tells whoever made a link what became of it: a POST that is tried again until it is taken.

What has to be told stands in the link's own row from the transaction that gave it its end, so that no crash
loses it; whoever tells it takes it for a while first, so that two nodes do not tell it at once. A receiver
that answered just before a crash hears it twice, with the same uuid.
"""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Mapping
from typing import Final, Protocol

import msgspec

from waypost.address import Jid
from waypost.clock import Clock, iso
from waypost.durable.retry import Schedule, next_attempt
from waypost.errors import WaypostError
from waypost.lasting import lasting
from waypost.net.poster import Answered, Mailbox
from waypost.otp.otp import Callback, OtpStore
from waypost.telemetry import Log

# Somebody waits at a login page: the first attempts come soon; after two days nobody does.
SCHEDULE: Final = Schedule(
    delays=(1.0, 3.0, 10.0, 30.0, 120.0, 600.0, 1_800.0, 3_600.0, 4 * 3_600.0), attempts=20
)
# Longer than an attempt lasts: until then nobody else makes it.
_TAKEN_SECONDS: Final = 30.0
_AT_ONCE: Final = 8
_LOOK_SECONDS: Final = 1.0
_ANSWER_BYTES: Final = 64


class Poster(Protocol):
    """The guarded way out."""

    def mailbox(self, url: str) -> contextlib.AbstractAsyncContextManager[Mailbox]:
        """A mailbox for as long as the context lasts. Raises FetchError(URL_INVALID)."""
        ...


class Callbacks:
    """Makes the callbacks of links."""

    def __init__(self, store: OtpStore, poster: Poster, clock: Clock, rng: random.Random, log: Log) -> None:
        self._store = store
        self._poster = poster
        self._clock = clock
        self._rng = rng
        self._log = log

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Make them while the context lasts."""
        task = asyncio.create_task(lasting(self._run, "otp-callbacks", self._log), name="otp-callbacks")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])

    async def _run(self) -> None:
        while True:
            taken = 0
            try:
                taken = await self.round()
            except WaypostError as error:
                self._log.warning("otp_callbacks_not_read", code=error.code)
            if taken < _AT_ONCE:
                await asyncio.sleep(_LOOK_SECONDS)

    async def round(self) -> int:
        """Make those that are due; how many there were. Raises StorageError."""
        now = self._clock.now()
        due = await self._store.take_callbacks(now, now + _TAKEN_SECONDS, _AT_ONCE)
        await asyncio.gather(*[self._make(one) for one in due])
        return len(due)

    async def _make(self, callback: Callback) -> None:
        failed = await self._post(callback)
        again = None
        if failed is not None:
            again = next_attempt(SCHEDULE, callback.tries, self._clock.now(), self._rng)
            self._log.info("otp_callback_failed", otp=callback.uuid, tries=callback.tries, why=failed)
        with contextlib.suppress(WaypostError):  # then it is made once more when its time is over
            await self._store.callback_at(callback.uuid, again)

    async def _post(self, callback: Callback) -> str | None:
        """Why it was not taken."""
        content = msgspec.json.encode(told(callback))
        headers = {"Content-Type": "application/json", "User-Agent": "Waypost", "webhook-id": callback.uuid}
        try:
            async with self._poster.mailbox(callback.url) as mailbox:
                answered: Answered = await mailbox.post(headers, content, _ANSWER_BYTES)
        except WaypostError as error:
            return error.code
        return None if 200 <= answered.status < 300 else f"status {answered.status}"


def told(callback: Callback) -> Mapping[str, object]:
    """The body of a callback; `chat_id` is who sent the link's text."""
    return {
        "uuid": callback.uuid,
        "otp_type": "link",
        "status": callback.status,
        "chat_id": Jid.parse(callback.chat).chat_id if callback.chat else None,
        "name": callback.name,
        "at": iso(callback.at),
    }
