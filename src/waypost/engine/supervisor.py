"""The engine: keeps the sessions of all instances, in engine processes that may die at any time."""

import asyncio
import contextlib
from collections.abc import Awaitable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from structlog.typing import FilteringBoundLogger

from waypost.clock import Clock
from waypost.engine import wire
from waypost.engine.delivery import Delivery
from waypost.engine.fleet import Fleet
from waypost.engine.keeper import House, Keeper
from waypost.engine.left_behind import end_left_behind
from waypost.engine.pairing_run import PairingRun
from waypost.engine.port import EventSink, Network, PairingWatcher, Session
from waypost.engine.process import EngineProcess, Signal
from waypost.engine.settings import EngineSettings
from waypost.engine.spool import SpoolReader, segments
from waypost.engine.store import SessionStores
from waypost.engine.store_files import FileStores
from waypost.engine.store_folder import INSTANCES, StoreFolder, instance_folder
from waypost.errors import ALREADY_CONNECTED, LOGGED_OUT, EngineError
from waypost.origin import apart

_DATABASE_THREADS: Final = 4
_CLOSE_S: Final = 20.0
_UNLINK_S: Final = 5.0  # to connect, when a device is to be unlinked


class Supervisor:
    """Implements the port's Engine; an async context manager that closes all sessions at its end. Without
    `stores` these are files in the folder of the settings."""

    def __init__(
        self,
        settings: EngineSettings,
        sink: EventSink,
        watcher: PairingWatcher,
        clock: Clock,
        log: FilteringBoundLogger,
        stores: SessionStores | None = None,
    ) -> None:
        self._watcher = watcher
        self._pool = ThreadPoolExecutor(_DATABASE_THREADS, thread_name_prefix="store")
        self._house = House(settings=settings, sink=sink, clock=clock, log=log)
        self._base = settings.folder / INSTANCES
        self._stores = stores or FileStores(self._base, self._pool)
        self._fleets: dict[Network, Fleet] = {}
        self._keepers: dict[str, Keeper] = {}
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._pairings: dict[str, asyncio.Task[None]] = {}
        self._networks: dict[str, Network] = {}
        self._end: asyncio.TimerHandle | None = None
        self._deadline: float | None = None
        self._ending: set[asyncio.Task[None]] = set()
        self._left: dict[str, asyncio.Task[None]] = {}

    async def __aenter__(self) -> Self:
        folder = self._house.settings.folder
        await asyncio.to_thread(lambda: folder.mkdir(mode=0o700, parents=True, exist_ok=True))
        for instance_id in await asyncio.to_thread(_with_events, self._base):
            task = asyncio.create_task(self._drain_left(instance_id))
            self._left[instance_id] = task
            task.add_done_callback(lambda done, who=instance_id: self._left_drained(who, done))  # type: ignore[misc]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._end is not None:
            self._end.cancel()
        left = list(self._left.values())
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)
        for instance_id in list(self._pairings):
            await self.stop_pairing(instance_id)
        await asyncio.gather(*(self.close(instance_id) for instance_id in list(self._keepers)))
        await asyncio.gather(*(fleet.stop() for fleet in self._fleets.values()))
        self._pool.shutdown()

    @property
    def processes(self) -> list[EngineProcess]:
        """The engine processes that run sessions now; for metrics and tests."""
        return [process for fleet in self._fleets.values() for process in fleet.processes]

    @property
    def deaths(self) -> int:
        """How many processes have ended since the start though sessions were in them."""
        return sum(fleet.deaths for fleet in self._fleets.values())

    async def pair(self, instance_id: str, network: Network, phone: str | None = None) -> None:
        """Begin (or begin anew) to pair; steps go to the PairingWatcher. Returns once the process runs. With
        `phone`, its user types a code.

        Raises EngineError: ALREADY_CONNECTED while the session is kept open, or why no process runs.
        """
        if await self._kept(instance_id):
            raise EngineError(ALREADY_CONNECTED)
        await self.stop_pairing(instance_id)
        self._networks[instance_id] = network
        run = PairingRun(
            instance_id,
            self._stores.of(instance_id),
            self._folder(instance_id),
            self._fleet(network),
            self._watcher,
            self._house,
            phone,
        )
        task = self._pairings[instance_id] = asyncio.create_task(run.run(), context=apart())
        task.add_done_callback(lambda done: self._pairing_ended(instance_id, done))
        await run.begun()

    async def stop_pairing(self, instance_id: str) -> None:
        """End a pairing that nobody waits for any more; no-op when there is none."""
        task = self._pairings.pop(instance_id, None)
        if task is not None:
            task.cancel()
            await asyncio.wait([task])

    async def warm(self, network: Network) -> None:
        """Have a process run that the next session can be opened in. Raises EngineError."""
        await self._fleet(network).warm()

    async def open(self, instance_id: str, network: Network) -> None:
        """Keep the session of a paired instance connected from now on; reconnects and restarts by itself.

        No-op when it is kept already. Raises EngineError(LOGGED_OUT) when it was never paired.
        """
        folder, store = self._folder(instance_id), self._stores.of(instance_id)
        self._networks[instance_id] = network
        if await self._kept(instance_id):
            return
        await self._without_left(instance_id)
        if not await store.exists():
            raise EngineError(LOGGED_OUT)
        if instance_id in self._keepers:
            return
        keeper = self._keepers[instance_id] = Keeper(
            instance_id, store, folder, self._fleet(network), self._house
        )
        task = self._tasks[instance_id] = asyncio.create_task(keeper.run(), context=apart())
        task.add_done_callback(lambda done: self._keeper_ended(instance_id, keeper, done))

    async def close(self, instance_id: str) -> None:
        """Disconnect the session and stop keeping it; the store stays."""
        keeper, task = self._keepers.get(instance_id), self._tasks.get(instance_id)
        if keeper is None or task is None:
            return
        keeper.close()
        done, _ = await asyncio.wait([task], timeout=_CLOSE_S)
        if not done:
            task.cancel()
            await asyncio.wait([task])

    async def logout(self, instance_id: str) -> None:
        """Unlink the device at the server where possible, and delete the store."""
        await self.stop_pairing(instance_id)
        with contextlib.suppress(EngineError, TimeoutError):
            await self._unlink(instance_id)
        await self.close(instance_id)
        await self._stores.of(instance_id).discard()
        self._networks.pop(instance_id, None)

    def session(self, instance_id: str) -> Session | None:
        """The session when it is connected right now."""
        keeper = self._keepers.get(instance_id)
        return None if keeper is None else keeper.session

    def until(self, deadline: float) -> None:
        """End all engine processes at `deadline` (the clock's monotonic seconds), and keep no session any
        more, unless a later one is named first.
        """
        if self._end is not None:
            self._end.cancel()
        self._deadline = deadline
        for fleet in self._fleets.values():
            fleet.hold_until(deadline)
        left = max(deadline - self._house.clock.monotonic(), 0.0)
        self._end = asyncio.get_running_loop().call_later(left, self._end_all)

    def _end_all(self) -> None:
        for keeper in self._keepers.values():
            keeper.close()
        for fleet in self._fleets.values():
            self._follow(fleet.kill())

    def _follow(self, work: Awaitable[None]) -> None:
        task = asyncio.ensure_future(work)
        self._ending.add(task)
        task.add_done_callback(self._ending.discard)

    async def _drain_left(self, instance_id: str) -> None:
        """What came to a session that may be kept elsewhere now, or nowhere."""
        folder = self._folder(instance_id)
        await asyncio.to_thread(end_left_behind, folder)
        delivery = Delivery(self._house.sink, self._house.log.bind(instance=instance_id))
        await delivery.drain(SpoolReader(folder.spool))

    def _left_drained(self, instance_id: str, task: asyncio.Task[None]) -> None:
        del self._left[instance_id]
        self._report(instance_id, task)

    async def _without_left(self, instance_id: str) -> None:
        """A spool has one reader at a time."""
        task = self._left.get(instance_id)
        if task is not None:
            await asyncio.wait([task])

    async def _unlink(self, instance_id: str) -> None:
        """A device that is not connected is connected for this, where its network is known."""
        network = self._networks.get(instance_id)
        if network is not None:
            await self.open(instance_id, network)
        keeper = self._keepers.get(instance_id)
        if keeper is not None:
            await keeper.connected(_UNLINK_S)
            await keeper.logout()

    async def _kept(self, instance_id: str) -> bool:
        """Whether the session is kept. One that the server has ended is not, once its keeper has tidied
        up."""
        keeper, task = self._keepers.get(instance_id), self._tasks.get(instance_id)
        if keeper is None or task is None:
            return False
        if keeper.over:
            await asyncio.wait([task])
        return not keeper.over

    def _folder(self, instance_id: str) -> StoreFolder:
        return instance_folder(self._base, instance_id)

    def _fleet(self, network: Network) -> Fleet:
        fleet = self._fleets.get(network)
        if fleet is None:
            fleet = Fleet(network, self._house.settings, self._on_signal, self._house.log)
            if self._deadline is not None:
                fleet.hold_until(self._deadline)
            self._fleets[network] = fleet
        return fleet

    def _on_signal(self, signal: Signal) -> None:
        if isinstance(signal, wire.Spooled | wire.StartSlow):
            keeper = self._keepers.get(signal.session)
            if keeper is None:
                return
            if isinstance(signal, wire.Spooled):
                keeper.grown()
            else:
                keeper.slow()

    def _keeper_ended(self, instance_id: str, keeper: Keeper, task: asyncio.Task[None]) -> None:
        if self._keepers.get(instance_id) is keeper:
            del self._keepers[instance_id]
            del self._tasks[instance_id]
        self._report(instance_id, task)

    def _pairing_ended(self, instance_id: str, task: asyncio.Task[None]) -> None:
        if self._pairings.get(instance_id) is task:
            del self._pairings[instance_id]
        self._report(instance_id, task)

    def _report(self, instance_id: str, task: asyncio.Task[None]) -> None:
        error = None if task.cancelled() else task.exception()
        if error is not None:
            self._house.log.error("engine_task_failed", instance=instance_id, exc_info=error)


def _with_events(base: Path) -> list[str]:
    """The instances whose spools may hold what nobody was told yet."""
    if not base.is_dir():
        return []
    return [folder.name for folder in sorted(base.iterdir()) if segments(folder / "spool")]
