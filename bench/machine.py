"""What it was measured on, and how much memory processes really hold."""

import os
import platform
import shutil
import subprocess
from collections.abc import Iterable
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import psutil


def describe() -> str:
    """Cores, memory, system and the versions that matter, on one line."""
    model = next(
        (
            line.split(":", 1)[1].strip()
            for line in Path("/proc/cpuinfo").read_text().splitlines()
            if "model name" in line
        ),
        platform.machine(),
    )
    memory = psutil.virtual_memory().total / 2**30
    parts = [f"{name} {metadata.version(name)}" for name in ("neonize", "av", "litestar", "uvicorn")]
    kernel = platform.release().partition("-")[0]
    return (
        f"{os.cpu_count()} cores ({model}), {memory:.0f} GiB, {platform.system()} {kernel}, "
        f"Python {platform.python_version()}, {', '.join(parts)}"
    )


def today() -> str:
    """The date, in UTC."""
    return datetime.now(UTC).date().isoformat()


def ffmpeg_version() -> str | None:
    """The system's ffmpeg; None without one."""
    if shutil.which("ffmpeg") is None:
        return None
    words = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()
    return words[2]


def pss_mb(pid: int) -> float:
    """Proportional set size of a process in MB: shared pages are counted once over all that share them; 0 of
    one that has ended.
    """
    try:
        told = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return 0.0
    for line in told.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) / 1024
    return 0.0


def processor_s(pids: Iterable[int]) -> float:
    """Processor seconds that processes have used so far."""
    times = [psutil.Process(pid).cpu_times() for pid in pids]
    return float(sum(one.user + one.system for one in times))


def family(pid: int) -> dict[str, list[int]]:
    """The gateway's processes by what they are: `gateway`, `engine`, `voice`, `other`."""
    found: dict[str, list[int]] = {"gateway": [pid], "engine": [], "voice": [], "other": []}
    for child in psutil.Process(pid).children(recursive=True):
        words = " ".join(child.cmdline())
        kind = "engine" if "engine.hosts" in words else "voice" if "workers.worker" in words else "other"
        found[kind].append(child.pid)
    return found
