"""How requests come into their lanes.

Alone on a database: as soon as they are stored. Where nodes share one, an older request of the same chat may
have been accepted at another node, and word of it still be on its way. So before a request takes its place,
whatever else the database has for its instance is adopted: order holds across nodes without anybody waiting
for a notice.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable
from typing import Any

from waypost.outbox.entry import Entry
from waypost.outbox.holdings import Holdings
from waypost.outbox.lanes import Lanes
from waypost.outbox.store import OutboxStore, Unfinished

Adopt = Callable[[Callable[[], Awaitable[list[Unfinished]]]], Awaitable[list[Unfinished]]]


class Arrivals:
    """Takes stored requests into lanes."""

    def __init__(
        self,
        store: OutboxStore,
        lanes: Lanes,
        holdings: Holdings,
        stored: Adopt,
        spawn: Callable[[Coroutine[Any, Any, None]], object],
    ) -> None:
        """`stored` repeats a call until the database takes it, `spawn` starts a task."""
        self._store = store
        self._lanes = lanes
        self._holdings = holdings
        self._stored = stored
        self._spawn = spawn
        self._came: list[Entry] = []
        self._wanted: dict[str, bool] = {}
        self._looking = False

    def take(self, entry: Entry) -> None:
        """A request was stored here."""
        if self._holdings.alone:
            self._lanes.add(entry).pump()
        elif entry.request.epoch and entry.request.epoch == self._holdings.epoch(entry.request.instance_id):
            self._came.append(entry)
            self.look([entry.request.instance_id])

    def look(self, instance_ids: Iterable[str], *, everything: bool = False) -> None:
        """See what the database has for these instances, as far as they are held; returns at once.

        `everything` after a failure: what was stored without our learning of it has our epoch already.
        """
        for one in instance_ids:
            if self._holdings.epoch(one):
                self._wanted[one] = self._wanted.get(one, False) or everything
        if self._wanted and not self._looking:
            self._looking = True
            self._spawn(self._run())

    def place(self, entries: Iterable[Entry]) -> None:
        """Put entries into their lanes, those of tenures that have ended meanwhile excepted."""
        touched = {}
        for entry in entries:
            request = entry.request
            if request.epoch == self._holdings.epoch(request.instance_id) and not self._is_there(entry):
                touched[request.instance_id] = self._lanes.add(entry)
        for lane in touched.values():
            lane.pump()

    def _is_there(self, entry: Entry) -> bool:
        lane = self._lanes.find(entry.request.instance_id)
        known = None if lane is None else lane.find(entry.uuid)
        if lane is None or known is None:
            return False
        if known.request.seq == entry.request.seq:
            return True
        # It was cancelled and is tried again, both elsewhere.
        lane.take_out(entry.uuid)
        return False

    async def _run(self) -> None:
        try:
            while self._wanted:
                wanted, self._wanted = self._wanted, {}
                came, self._came = self._came, []
                adopted = await self._stored(lambda wanted=wanted: self._adopt(wanted))  # type: ignore[misc]
                self.place(came + entries_of(adopted))
        finally:
            self._looking = False

    async def _adopt(self, wanted: dict[str, bool]) -> list[Unfinished]:
        tenures = self._holdings.tenures(wanted)
        try:
            return await self._store.adopt(tenures, everything=any(wanted.values())) if tenures else []
        except BaseException:
            # Perhaps they were adopted all the same: then only asking for everything finds them.
            wanted.update(dict.fromkeys(wanted, True))
            raise


def entries_of(unfinished: Iterable[Unfinished]) -> list[Entry]:
    """Entries of requests that another process had, or none yet."""
    return [Entry(one.request, one.steps, recovered=True) for one in unfinished]
