import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable
from typing import Final, Protocol

from waypost.clock import Clock
from waypost.errors import StorageError
from waypost.otp.callbacks import Callbacks, Poster
from waypost.otp.codes import Codes, CodeSender, Sender
from waypost.otp.keys import Keys
from waypost.otp.links import Links, Names
from waypost.otp.otp import OtpStore
from waypost.telemetry import Log

# Of no use any more, but for whoever looks into what happened yesterday.
_KEEP_SECONDS: Final = 7 * 86_400.0
_SWEEP_SECONDS: Final = 3600.0
# Rows per transaction, and how long the writers are left alone after each.
_CHUNK: Final = 100
_REST_SECONDS: Final = 1.0


class Senders(CodeSender, Sender, Protocol):
    """Sends the messages of both."""


class OtpDesk:
    """One-time codes and links, and what has to be done for them from time to time."""

    def __init__(
        self,
        store: OtpStore,
        sender: Callable[[], Senders],
        names: Names,
        poster: Poster,
        clock: Clock,
        rng: random.Random,
        log: Log,
    ) -> None:
        keys = Keys(store)
        self.codes = Codes(store, keys, sender, clock, rng)
        self.links = Links(store, keys, sender, names, clock, rng)
        self.callbacks = Callbacks(store, poster, clock, rng, log)
        self._store = store
        self._clock = clock
        self._log = log

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Look after them while the context lasts."""
        sweeping = asyncio.create_task(self._sweep(), name="otp-sweep")
        try:
            async with self.callbacks.running():
                yield
        finally:
            sweeping.cancel()
            await asyncio.wait([sweeping])

    async def _sweep(self) -> None:
        while True:
            gone = 0
            with contextlib.suppress(StorageError):
                gone = await self._store.delete_older(self._clock.now() - _KEEP_SECONDS, _CHUNK)
            await asyncio.sleep(_REST_SECONDS if gone == _CHUNK else _SWEEP_SECONDS)
