"""How requests come into their lanes.

Alone on a database: as soon as they are stored. Where nodes share one, an older request of the same chat may
have been accepted at another node, and word of it still be on its way; or here, by a commit whose answer was
lost. So before a request takes its place, whatever the database has for its instance is adopted: order holds
across nodes without anybody waiting for a notice.
"""

from collections.abc import Awaitable, Callable, Coroutine, Iterable, Mapping
from typing import Any

from waypost.outbox.entry import Entry
from waypost.outbox.holdings import Holdings
from waypost.outbox.lanes import Lanes
from waypost.outbox.store import OutboxStore

Adopt = Callable[[Callable[[], Awaitable[dict[str, int]]]], Awaitable[dict[str, int]]]


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
            return
        if entry.request.epoch and entry.request.epoch == self._holdings.epoch(entry.request.instance_id):
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

    def _place(self, came: Iterable[Entry], adopted: Mapping[str, int]) -> None:
        """Have what was adopted read, and let what came here take its place behind that."""
        touched = {}
        for instance_id, seq in adopted.items():
            if self._holdings.epoch(instance_id):
                lane = touched[instance_id] = self._lanes.open(instance_id)
                lane.look_from(seq)
        for entry in came:
            request = entry.request
            # Those of tenures that have ended meanwhile are their next holder's.
            if request.epoch == self._holdings.epoch(request.instance_id):
                touched[request.instance_id] = self._lanes.add(entry)
        for lane in touched.values():
            lane.pump()

    async def _run(self) -> None:
        try:
            while self._wanted:
                wanted, self._wanted = self._wanted, {}
                came, self._came = self._came, []
                known = {entry.request.seq for entry in came}
                adopted = await self._stored(
                    lambda wanted=wanted, known=known: self._adopt(wanted, known)  # type: ignore[misc]
                )
                self._place(came, adopted)
        finally:
            self._looking = False

    async def _adopt(self, wanted: dict[str, bool], known: set[int]) -> dict[str, int]:
        tenures = self._holdings.tenures(wanted)
        try:
            adopted = await self._store.adopt(tenures, known) if tenures else {}
        except BaseException:
            # Perhaps they were adopted all the same: then only looking at everything finds them.
            wanted.update(dict.fromkeys(wanted, True))
            raise
        return adopted | {one: 0 for one, everything in wanted.items() if everything}
