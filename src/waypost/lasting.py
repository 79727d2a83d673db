import asyncio
from collections.abc import Awaitable, Callable
from typing import Final

from waypost.telemetry import Log

_AGAIN_SECONDS: Final = 1.0


async def lasting(work: Callable[[], Awaitable[None]], name: str, log: Log) -> None:
    """Run `work` until cancelled, again a second after it has ended, be it by an error that nobody thought
    of: without this a defect would end it for good, and nobody would know.
    """
    while True:
        try:
            await work()
        except Exception:
            log.exception("task_failed", task=name)
        await asyncio.sleep(_AGAIN_SECONDS)
