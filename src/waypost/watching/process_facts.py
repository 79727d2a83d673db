import asyncio
import os
import platform
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final

import waypost
from waypost.engine.supervisor import Supervisor
from waypost.watching import table
from waypost.watching.facts import Fact

_PROC: Final = Path("/proc")


class ProcessFacts:
    """The processes that a node is made of, and what it runs on."""

    def __init__(self, supervisor: Supervisor, workers: Callable[[], list[int]], started_at: float) -> None:
        """`workers` are the pids of the converters."""
        self._supervisor = supervisor
        self._workers = workers
        self._started_at = started_at

    async def look(self) -> Iterable[Fact]:
        """Processes and their memory."""
        engines = self._supervisor.processes
        pids = {
            "gateway": [os.getpid()],
            "engine": [one.pid for one in engines],
            "worker": self._workers(),
        }
        facts = [
            Fact(table.ENGINE_PROCESSES, len(engines)),
            Fact(table.ENGINE_DEATHS, self._supervisor.deaths),
            Fact(table.BUILD, 1, (waypost.__version__, platform.python_version())),
            Fact(table.STARTED, self._started_at),
        ]
        if _PROC.joinpath("self", "statm").exists():
            memory = await asyncio.to_thread(lambda: {kind: _resident(some) for kind, some in pids.items()})
            facts += [Fact(table.PROCESS_MEMORY, size, (kind,)) for kind, size in memory.items()]
        return facts


def _resident(pids: Iterable[int]) -> int:
    """Bytes in memory of these processes, those left out that have just ended (proc(5), statm)."""
    pages = 0
    for pid in pids:
        try:
            pages += int(_PROC.joinpath(str(pid), "statm").read_text().split()[1])
        except (OSError, IndexError):
            continue
    return pages * os.sysconf("SC_PAGE_SIZE")
