import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from waypost.outbox.endings import Endings
from waypost.outbox.lanes import Lanes
from waypost.outbox.store import OutboxStore


class Merging:
    """Makes one line of two names of a chat, in memory and in the database."""

    def __init__(
        self,
        store: OutboxStore,
        lanes: Lanes,
        endings: Endings,
        spawn: Callable[[Coroutine[Any, Any, None]], asyncio.Task[None]],
    ) -> None:
        self._store = store
        self._lanes = lanes
        self._endings = endings
        self._spawn = spawn

    async def merge(self, instance_id: str, old: str, new: str) -> None:
        """`old` is another name of the chat `new`: from now on they are one line, in the order of
        acceptance.
        """
        new = self._lanes.canonical(instance_id, new)
        if old == new:
            return
        # In memory first: what is ordered too strictly for a moment does no harm.
        self._lanes.merge(instance_id, old, new)
        before = self._lanes.find(instance_id)
        whole = before is not None and before.whole
        await self._stored(instance_id, old, new)
        lane = self._lanes.find(instance_id)
        if lane is not None and not (whole and lane is before and lane.whole):
            # Rows were read by their old name while it was taken from them.
            lane.look_at_chat(self._lanes.canonical(instance_id, new))

    def renamed(self, instance_id: str, old: str, new: str) -> None:
        """A request was stored by a name of its chat that had been given up."""
        self._spawn(self._move(instance_id, old, new))

    async def _move(self, instance_id: str, old: str, new: str) -> None:
        await self._stored(instance_id, old, new)
        lane = self._lanes.find(instance_id)
        if lane is not None and not lane.whole:
            lane.look_at_chat(self._lanes.canonical(instance_id, new))

    async def _stored(self, instance_id: str, old: str, new: str) -> None:
        await self._endings.stored(lambda: self._store.merge_chats(instance_id, old, new))
