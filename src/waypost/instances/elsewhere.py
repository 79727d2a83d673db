"""What nodes tell each other of instances, through the database: the rows, and how each instance is.

A holder writes down every change of its instances' conditions; everybody else reads them. Notices say when;
without them each looks every few seconds.
"""

import asyncio
import contextlib
from collections.abc import Callable
from typing import Final

import msgspec

from waypost.engine.port import QrCode
from waypost.errors import StorageError
from waypost.instances.conditions import ConditionStore, Shown
from waypost.instances.instance import Condition, Instance
from waypost.instances.register import Register
from waypost.instances.state import InstanceState
from waypost.instances.store import InstanceStore
from waypost.nodes.lease import Tenure
from waypost.telemetry import Log

_REFRESH_SECONDS: Final = 3.0
_AGAIN_SECONDS: Final = 0.5
# States that only a session which somebody keeps can be in.
_KEPT: Final = frozenset({InstanceState.WORKING, InstanceState.STARTING, InstanceState.SCAN_QR_CODE})


class Elsewhere:
    """Keeps the register in step with the database, and the database with the sessions kept here."""

    def __init__(
        self, store: InstanceStore, conditions: ConditionStore, register: Callable[[], Register], log: Log
    ) -> None:
        """`register` is asked for when first needed, since it reports here."""
        self._store = store
        self._conditions = conditions
        self._register_of = register
        self._log = log
        self._tenures: dict[str, Tenure] = {}
        self._untold: set[str] = set()
        self._unread: set[str] = set()
        self._all_unread = True
        self._tell = asyncio.Event()
        self._read = asyncio.Event()
        self._telling = asyncio.Lock()

    @property
    def _register(self) -> Register:
        return self._register_of()

    # --- what is kept here ---------------------------------------------------------------------------------

    async def gained(self, tenure: Tenure) -> tuple[Instance, Shown | None] | None:
        """An instance is held from now on: its row as it is, and how it was last. None when it is gone."""
        instance = await self._store.get(tenure.instance_id)
        if instance is None:
            return None
        last = await self._conditions.get(tenure.instance_id)
        self._tenures[tenure.instance_id] = tenure
        return instance, last

    def lost(self, instance_id: str) -> None:
        """It is held no more: from now on others tell how it is."""
        self._tenures.pop(instance_id, None)
        self._untold.discard(instance_id)

    def changed(self, instance_id: str) -> None:
        """The register has news of the instance: write them down when they are ours."""
        if instance_id in self._tenures:
            self._untold.add(instance_id)
            self._tell.set()

    async def flush(self, instance_id: str) -> None:
        """Write down at once what is not written yet. Raises StorageError."""
        async with self._telling:
            await self._put(instance_id)

    # --- what is kept elsewhere ----------------------------------------------------------------------------

    async def look_up(self, instance_id: str) -> Instance | None:
        """An instance that the register does not know: perhaps it was made elsewhere a moment ago."""
        if await self._read_one(instance_id):
            return self._register.find(instance_id)
        return None

    def missed(self) -> None:
        """Anything may have changed."""
        self._all_unread = True
        self._read.set()

    def told(self, instance_id: str) -> None:
        """Another node has changed the instance or what is known of it."""
        self._unread.add(instance_id)
        self._read.set()

    async def read(self, instance_id: str) -> None:
        """Take in how the instance is now. Raises StorageError."""
        await self._read_one(instance_id)

    async def load(self) -> None:
        """Take in all instances. Raises StorageError."""
        register = self._register
        known = {one.id for one in register.all()}
        rows = await self._store.list()
        shown = {one.instance_id: one for one in await self._conditions.all()}
        for row in rows:
            self._take_in(row, shown.get(row.id))
        # One that was made here while the rows were read is not among them.
        for gone in known - {row.id for row in rows}:
            register.remove(gone)

    # --- its life ------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Tell and read until cancelled."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._keep_telling())
            tasks.create_task(self._keep_reading())

    async def _keep_telling(self) -> None:
        while True:
            await self._tell.wait()
            self._tell.clear()
            for instance_id in list(self._untold):
                try:
                    await self.flush(instance_id)
                except StorageError as error:
                    self._log.warning("condition_not_told", instance=instance_id, code=error.code)
                    self._tell.set()
                    await asyncio.sleep(_AGAIN_SECONDS)

    async def _put(self, instance_id: str) -> None:
        tenure = self._tenures.get(instance_id)
        if tenure is None or self._register.find(instance_id) is None:
            self._untold.discard(instance_id)
            return
        self._untold.discard(instance_id)
        register = self._register
        try:
            await self._conditions.put(tenure, register.condition(instance_id), register.offered(instance_id))
        except StorageError:
            self._untold.add(instance_id)
            raise

    async def _keep_reading(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._read.wait()
            self._read.clear()
            # However many notices come: of one that was lost only this learns.
            self._all_unread = self._all_unread or loop.time() >= due
            if self._all_unread:
                due = loop.time() + _REFRESH_SECONDS
            try:
                await self._catch_up()
            except StorageError as error:
                self._all_unread = True
                self._log.warning("instances_not_read", code=error.code)
                await asyncio.sleep(_AGAIN_SECONDS)

    async def _catch_up(self) -> None:
        unread, self._unread = self._unread, set()
        if self._all_unread:
            self._all_unread = False
            await self.load()
        else:
            for instance_id in unread:
                await self._read_one(instance_id)

    async def _read_one(self, instance_id: str) -> bool:
        row = await self._store.get(instance_id)
        if row is None:
            if self._register.find(instance_id) is not None:
                self._register.remove(instance_id)
            return False
        shown = None if instance_id in self._tenures else await self._conditions.get(instance_id)
        self._take_in(row, shown)
        return True

    def _take_in(self, row: Instance, shown: Shown | None) -> None:
        register = self._register
        known = register.find(row.id)
        if known is None:
            register.add(row)
        elif row.id in self._tenures:
            # The account is the holder's own to change; this row may be older than what it knows.
            register.change(
                row.id,
                caption_as_text=row.caption_as_text,
                webhook_url=row.webhook_url,
                overrides=row.overrides,
            )
            return
        else:
            register.replace(row)
        if shown is not None and row.id not in self._tenures:
            register.show(row.id, *_as_it_is(row, shown))


def _as_it_is(row: Instance, shown: Shown) -> tuple[Condition, QrCode | None]:
    """Without a holder no session is kept: what was told of it is over, and begins anew with the next."""
    if shown.held or shown.condition.state not in _KEPT:
        return shown.condition, shown.code
    reason = "connecting" if row.account is not None else "pairing"
    condition = msgspec.structs.replace(
        shown.condition, state=InstanceState.STARTING, reason=reason, connected_at=None, until=None
    )
    return condition, None
