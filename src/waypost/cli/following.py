"""The live events of one instance or of all as one stream: what `waypost tail` shows."""

import asyncio
import contextlib
from collections.abc import Callable, Sequence
from typing import Final, NoReturn

import msgspec

from waypost.client import AsyncWaypost, NoAnswer, NotFound, TooManyCalls, Unavailable
from waypost.client.events import LiveEvent
from waypost.client.shapes import InstanceView

# How soon an instance is followed that was made meanwhile; all its events come, from the first.
_LOOK_SECONDS: Final = 10.0
_FIRST: Final = "0"
_BROKE: Final = "The stream broke; it is opened again, and goes on where it was."
_BACK: Final = "The stream is back; nothing was missed."


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An event, and of which instance."""

    instance: InstanceView
    event: LiveEvent


class Following:
    """Reads the streams of instances, each in its order."""

    def __init__(
        self,
        waypost: AsyncWaypost,
        names: Sequence[str],
        after: str | None,
        show: Callable[[Told], bool],
        notice: Callable[[str], None],
        look_seconds: float = _LOOK_SECONDS,
    ) -> None:
        """`names`: only these events; `after`: go on after this place. `show` takes each event and says
        whether to go on; `notice` hears in a sentence what becomes of the streams."""
        self._waypost = waypost
        self._names = names
        self._after = after
        self._show = show
        self._notice = notice
        self._look_seconds = look_seconds
        self._followed: set[str] = set()
        self._broken: set[str] = set()

    @property
    def several(self) -> bool:
        """Whether more than one instance is followed."""
        return len(self._followed) > 1

    async def one(self, instance: InstanceView) -> None:
        """Show the events of one instance until enough were shown. Raises ClientError."""
        with contextlib.suppress(_Enough):
            await self._read(instance, self._after)

    async def all(self) -> None:
        """Show the events of all instances that there are or will be, until enough were shown. Raises
        ClientError."""
        try:
            async with asyncio.TaskGroup() as group:
                await self._look(group)
        except BaseExceptionGroup as failures:
            with contextlib.suppress(_Enough):
                _raise_first(failures)

    async def _look(self, group: asyncio.TaskGroup) -> None:
        after = self._after
        while True:
            # The streams themselves tell of a gateway that is away.
            with contextlib.suppress(NoAnswer, TooManyCalls, Unavailable):
                for one in await self._waypost.instances():
                    if one.id not in self._followed:
                        self._followed.add(one.id)
                        group.create_task(self._read_while_there(one, after))
                after = _FIRST
            await asyncio.sleep(self._look_seconds)

    async def _read_while_there(self, instance: InstanceView, after: str | None) -> None:
        try:
            await self._read(instance, after)
        except NotFound:
            self._notice(f"{instance.name} is no more.")
            self._broken.discard(instance.id)

    async def _read(self, instance: InstanceView, after: str | None) -> None:
        def told(is_open: bool) -> None:
            self._changed(instance.id, is_open)

        events = self._waypost.instance(instance.id).events(*self._names, after=after, told=told)
        async with contextlib.aclosing(events):
            async for event in events:
                if not self._show(Told(instance=instance, event=event)):
                    raise _Enough

    def _changed(self, instance_id: str, is_open: bool) -> None:
        # A gateway that goes away breaks them all: that is said once.
        if not is_open and not self._broken:
            self._notice(_BROKE)
        was_broken = bool(self._broken)
        (self._broken.discard if is_open else self._broken.add)(instance_id)
        if was_broken and not self._broken:
            self._notice(_BACK)


class _Enough(Exception):
    """As many events were shown as were asked for."""


def _raise_first(failures: BaseExceptionGroup[BaseException]) -> NoReturn:
    first: BaseException = failures
    while isinstance(first, BaseExceptionGroup):
        first = first.exceptions[0]
    raise first
