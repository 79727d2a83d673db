"""The engine processes of one network."""

import asyncio
import contextlib
import hashlib
from collections.abc import Callable
from pathlib import Path
from typing import Final

from structlog.typing import FilteringBoundLogger

from waypost.engine import process, wire
from waypost.engine.placement import choose
from waypost.engine.port import Network
from waypost.engine.process import EngineProcess, Signal
from waypost.engine.settings import EngineSettings
from waypost.errors import EngineError

_TOLD_WITHIN_S: Final = 5.0  # a process that is halted hears it later, which is soon enough


class Fleet:
    """Starts processes as sessions need them, and ends those that are empty. A process never serves two
    networks."""

    def __init__(
        self,
        network: Network,
        settings: EngineSettings,
        on_signal: Callable[[Signal], None],
        log: FilteringBoundLogger,
    ) -> None:
        self._network = network
        self._settings = settings
        self._on_signal = on_signal
        self._log = log
        self._homes: list[EngineProcess] = []
        self._placing = asyncio.Lock()
        self._failures = 0
        self.deaths = 0  # of processes that sessions were in and that nobody had ended
        self._running: set[EngineProcess] = set()  # pairings too
        self._deadline: float | None = None
        self._telling: set[asyncio.Task[None]] = set()

    @property
    def processes(self) -> list[EngineProcess]:
        """Those that run."""
        return [home for home in self._homes if home.alive]

    async def place(self, instance_id: str, alone: bool = False) -> EngineProcess:
        """A process with room, or with `alone` a new one that nobody else gets; the place is taken until
        `leave`. Raises EngineError when none can be started."""
        async with self._placing:
            home = None if alone else choose(self._homes, self._settings.sessions_per_process)
            if home is None:
                self._homes = self.processes
                await asyncio.sleep(self._delay())
                try:
                    home = await self.start(self._on_signal)
                except BaseException:
                    self._failures += 1
                    raise
                self._homes.append(home)
            home.take(instance_id)
            if alone:
                home.keep_private()
            return home

    async def warm(self) -> None:
        """Start a process ahead if nobody could be placed in one that runs. Raises EngineError."""
        async with self._placing:
            if choose(self._homes, self._settings.sessions_per_process) is None:
                self._homes = [*self.processes, await self.start(self._on_signal)]

    async def leave(self, home: EngineProcess, instance_id: str) -> None:
        """Give the place back."""
        home.sessions.discard(instance_id)
        if not home.alive:
            self._note_death(home)
        elif not home.sessions and home in self._homes and (home.worn or not self._placing.locked()):
            self._homes.remove(home)
            await home.stop()

    async def start(self, on_signal: Callable[[Signal], None]) -> EngineProcess:
        """A process outside of the fleet, for a pairing."""
        ca_folder = await asyncio.to_thread(_ca_folder, self._settings.folder, self._network)
        home = await process.start(self._network, ca_folder, self._settings, on_signal, self._log)
        self._running = {other for other in self._running if other.alive} | {home}
        if self._deadline is not None:
            await self._tell(home, self._deadline)
        return home

    def hold_until(self, deadline: float) -> None:
        """No process outlives `deadline` (monotonic seconds) unless a later one is named first: they are
        told, and end by themselves even when this one is halted."""
        self._deadline = deadline
        for home in self._running:
            if home.alive and not home.retired:
                task = asyncio.create_task(self._tell(home, deadline))
                self._telling.add(task)
                task.add_done_callback(self._telling.discard)

    async def kill(self) -> None:
        """End all processes at once, those of pairings too."""
        await asyncio.gather(*(home.kill() for home in self._running))

    async def _tell(self, home: EngineProcess, deadline: float) -> None:
        with contextlib.suppress(EngineError, TimeoutError):
            await home.call(
                lambda call: wire.HoldUntil(call=call, deadline=deadline), type(None), _TOLD_WITHIN_S
            )

    async def stop(self) -> None:
        """End all processes."""
        homes, self._homes = self._homes, []
        await asyncio.gather(*(home.stop() for home in homes))

    def _note_death(self, home: EngineProcess) -> None:
        if home not in self._homes:
            return
        self._homes.remove(home)
        if home.retired:  # as we wanted
            return
        self.deaths += 1
        lived = asyncio.get_running_loop().time() - home.started
        self._failures = 0 if lived > self._settings.stable_after else self._failures + 1

    def _delay(self) -> float:
        delays = self._settings.restart_delays
        return delays[min(max(self._failures - 1, 0), len(delays) - 1)]


def _ca_folder(base: Path, network: Network) -> Path | None:
    """A folder with the sandbox's CA and nothing else, for `SSL_CERT_DIR`."""
    if network.ca_pem is None:
        return None
    digest = hashlib.sha256(network.ca_pem.encode()).hexdigest()[:16]
    folder = base / f"ca-{digest}"
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    (folder / "sandbox.pem").write_text(network.ca_pem)
    return folder
