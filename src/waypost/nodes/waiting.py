import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")

Sleep = Callable[[float], Awaitable[None]]


async def within(sleep: Sleep, seconds: float, work: Coroutine[Any, Any, T]) -> T:
    """What `work` comes to. Raises TimeoutError, having cancelled it, when it takes longer."""
    found: asyncio.Task[T] | None
    found = await first(work, _asleep(sleep, seconds))
    if found is None:
        raise TimeoutError
    return found.result()


async def first(work: Coroutine[Any, Any, T], end: Coroutine[Any, Any, Any]) -> "asyncio.Task[T] | None":
    """The task of `work` when it is over before `end` is; otherwise None, and it has been cancelled."""
    doing, ending = asyncio.ensure_future(work), asyncio.ensure_future(end)
    try:
        await asyncio.wait([doing, ending], return_when=asyncio.FIRST_COMPLETED)
        return doing if doing.done() else None
    finally:
        await stop([doing, ending])


async def stop(tasks: "list[asyncio.Task[Any]]") -> None:
    """Cancel tasks and wait until they have ended."""
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)


async def _asleep(sleep: Sleep, seconds: float) -> None:
    await sleep(seconds)
