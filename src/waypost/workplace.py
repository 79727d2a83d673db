"""Parts of a gateway as its settings want them."""

import asyncio
import contextlib
import shutil
import socket
import uuid
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any, Final

from waypost.clock import Clock
from waypost.config import ConfigError, Settings, normalize_lufs
from waypost.engine.settings import EngineSettings
from waypost.lasting import lasting
from waypost.net.allow import AllowList
from waypost.net.egress import Egress, FetchLimits
from waypost.net.guard import SystemResolver
from waypost.nodes.lease import Node
from waypost.telemetry import Log
from waypost.voice.limits import Limits
from waypost.workers.pool import WorkerPool

_KEPT_SECONDS: Final = 86_400.0
_TIDY_SECONDS: Final = 3_600.0


def egress(stack: contextlib.AsyncExitStack, settings: Settings) -> Egress:
    """The guarded way out to URLs that callers name. Raises ConfigError."""
    resolver = SystemResolver()
    stack.callback(resolver.close)
    limits = FetchLimits(max_bytes=settings.upload_max_bytes)
    try:
        allow = AllowList.parse(settings.fetch_allow)
    except ValueError as wrong:
        raise ConfigError([f"WAYPOST_FETCH_ALLOW: {wrong}"]) from None
    return Egress(allow, resolver, limits)


def voice_pool(settings: Settings) -> WorkerPool:
    """The processes that convert."""
    limits = Limits(
        input_bytes=settings.upload_max_bytes,
        note_seconds=settings.voice_max_seconds,
        normalize=normalize_lufs(settings),
    )
    return WorkerPool(limits, workers=settings.voice_workers or None)


def engine_settings(settings: Settings) -> EngineSettings:
    """How engine processes are run."""
    return EngineSettings(
        folder=settings.data / "engine",
        sessions_per_process=settings.engine_sessions_per_process,
        pairing_within=settings.pairing_seconds,
    )


def workshop(folder: Path) -> Path:
    """The folder of files in the making. What a crash left there is made again where it is needed."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    for left in folder.glob("*.in"):
        left.unlink(missing_ok=True)
    for left in folder.glob("preview-*"):
        shutil.rmtree(left, ignore_errors=True)
    return folder


def keep_sweeping(
    stack: contextlib.AsyncExitStack,
    workshop: Path,
    clock: Clock,
    log: Log,
    *further: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    """Take away what is old in the workshop, and what `further` take away, until `stack` ends."""
    for sweep in (lambda: tidy(workshop, clock), *further):
        stack.callback(asyncio.create_task(lasting(sweep, "sweep", log)).cancel)


async def tidy(folder: Path, clock: Clock) -> None:
    """Remove files that nobody has touched for a day, of requests that ended before they were sent; runs
    until it is cancelled. A request that comes to its turn later makes its own anew."""
    while True:
        await asyncio.to_thread(_remove_old, folder, clock.now() - _KEPT_SECONDS)
        await asyncio.sleep(_TIDY_SECONDS)


def _remove_old(folder: Path, before: float) -> None:
    for file in folder.iterdir():
        with contextlib.suppress(OSError):  # it was used up, or can't be removed
            if file.stat().st_mtime < before:
                file.unlink()


def address_of(listener: socket.socket) -> str:
    """host:port that reaches the listener from this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"


def node_of(settings: Settings, own: str, clock: Clock) -> Node:
    """This process as one of several nodes; `own` is the address that it listens on."""
    url = settings.public_url or f"http://{own}"
    return Node(node_id=str(uuid.uuid4()), name=socket.gethostname(), url=url, started_at=clock.now())
