"""What groups are called. WhatsApp tells it when it is asked, and nothing here keeps it: so it is asked
seldom, all groups of an instance at once, and a page is shown without names rather than late."""

import asyncio
import contextlib
from collections.abc import Collection, Mapping
from typing import Final, Protocol

from waypost.clock import Clock
from waypost.engine.groups import GroupAnswer, GroupOrder, ListGroups
from waypost.errors import WaypostError

# A page waits for names so long; an account in a thousand groups is answered in about one second.
_SECONDS: Final = 2.0
_FRESH_SECONDS: Final = 300.0
# After a failure, without an answer in time, or where a group is not among those that were told.
_AGAIN_SECONDS: Final = 5.0


class Asking(Protocol):
    """Asks an instance's session."""

    async def groups(self, instance_id: str, order: GroupOrder) -> GroupAnswer:
        """The answer. Raises EngineError, InstanceError, StorageError."""
        ...


class GroupNames:
    """The names of groups, by instance; as many as there are instances, so nothing is forgotten."""

    def __init__(self, asking: Asking, clock: Clock) -> None:
        self._asking = asking
        self._clock = clock
        self._known: dict[str, tuple[Mapping[str, str], float]] = {}

    async def of(self, instance_id: str, wanted: Collection[str]) -> Mapping[str, str]:
        """Group id (`…@g.us`) to name, of the groups that the account is in; those known before, where it
        can't be asked. One that is `wanted` and not known is asked for sooner."""
        if not wanted:
            return {}
        names, asked_at = self._known.get(instance_id, ({}, -_FRESH_SECONDS))
        missing = any(one not in names for one in wanted)
        age = self._clock.monotonic() - asked_at
        if age < (_AGAIN_SECONDS if missing else _FRESH_SECONDS):
            return names
        with contextlib.suppress(WaypostError, TimeoutError):
            async with asyncio.timeout(_SECONDS):
                found = (await self._asking.groups(instance_id, ListGroups())).groups
            names = {one.jid: one.subject for one in found}
        self._known[instance_id] = (names, self._clock.monotonic())
        return names
