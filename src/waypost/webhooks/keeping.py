"""Takes old events away, with their deliveries: in portions, most of the time being left to others."""

import asyncio
from typing import Final

from waypost.clock import Clock
from waypost.errors import StorageError
from waypost.telemetry import Log
from waypost.webhooks.journal import EventStore

_EVERY_SECONDS: Final = 600.0
# Events per transaction, and for how many times as long as that took the writers are left alone.
_CHUNK: Final = 100
_REST: Final = 3.0


async def forget_old_events(store: EventStore, keep: float, clock: Clock, log: Log) -> None:
    """Forget events `keep` seconds after they were stored; runs until it is cancelled."""
    while True:
        try:
            began = clock.monotonic()
            while await store.forget(clock.now() - keep, _CHUNK) == _CHUNK:
                await asyncio.sleep((clock.monotonic() - began) * _REST)
                began = clock.monotonic()
        except StorageError as error:
            log.warning("events_not_swept", code=error.code)
        except Exception:
            log.exception("events_not_swept")
        await asyncio.sleep(_EVERY_SECONDS)
