"""Parts of a gateway as its settings want them."""

import contextlib
import shutil
import socket
from pathlib import Path

from waypost.config import ConfigError, Settings, normalize_lufs
from waypost.engine.settings import EngineSettings
from waypost.net.allow import AllowList
from waypost.net.egress import Egress, FetchLimits
from waypost.net.guard import SystemResolver
from waypost.voice.limits import Limits
from waypost.workers.pool import WorkerPool


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


def address_of(listener: socket.socket) -> str:
    """host:port that reaches the listener from this machine."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104
    return f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
