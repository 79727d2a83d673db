"""How many others are in a group, for what is said of a message: it is as far as the last of them.

Kept in memory where the session is, and asked for again when members come or go, or after some hours: a
server that is asked with every message refuses to answer, so that no answer is kept for a while too. Unknown
is no reason not to send.
"""

import asyncio
import contextlib
from collections import OrderedDict
from collections.abc import Sequence
from typing import Final

from waypost.clock import Clock
from waypost.engine.groups import GetGroup, GroupChanged
from waypost.engine.port import EngineEvent, Session
from waypost.errors import WaypostError

_KEPT: Final = 10_000
_FRESH_SECONDS: Final = 6 * 3600.0
_ANSWER_SECONDS: Final = 5.0
"""A message waits for the answer."""
_NO_ANSWER_SECONDS: Final = 60.0


class GroupSizes:
    """Members of groups beside the account itself."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        # How many, and until when that is taken for true (monotonic).
        self._known: OrderedDict[tuple[str, str], tuple[int | None, float]] = OrderedDict()

    async def others(self, instance_id: str, session: Session, group: str) -> int | None:
        """How many others are in `group` (a JID); None when that can't be found out now."""
        key = (instance_id, group)
        known = self._known.get(key)
        if known is not None and known[1] > self._clock.monotonic():
            return known[0]
        count, fresh = None, _NO_ANSWER_SECONDS
        with contextlib.suppress(WaypostError, TimeoutError):
            async with asyncio.timeout(_ANSWER_SECONDS):
                found = (await session.group(GetGroup(group=group))).groups
            if found:
                count, fresh = max(len(found[0].members) - 1, 0), _FRESH_SECONDS
        self._known[key] = (count, self._clock.monotonic() + fresh)
        while len(self._known) > _KEPT:
            self._known.popitem(last=False)
        return count

    def hear(self, events: Sequence[EngineEvent]) -> None:
        """Forget the groups whose members changed."""
        for event in events:
            if isinstance(event, GroupChanged) and (event.added or event.removed or event.joined):
                self._known.pop((event.instance_id, event.group), None)
