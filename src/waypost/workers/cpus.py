"""How many CPUs this process may really use: a container's quota, not the machine's cores."""

import os
from pathlib import Path

_V2 = "cpu.max"
_V1_QUOTA, _V1_PERIOD = "cpu.cfs_quota_us", "cpu.cfs_period_us"


def cpu_share(proc: Path = Path("/proc"), cgroups: Path = Path("/sys/fs/cgroup")) -> float:
    """CPUs, perhaps a fraction: the smallest of the affinity mask and every quota from our cgroup up to the
    root.

    Reads cgroup v2 (`cpu.max`) and v1 (`cpu.cfs_quota_us`); without either, the affinity mask alone counts.
    """
    share = float(_affinity())
    for folder in _folders(proc, cgroups):
        for quota in (_quota_v2(folder), _quota_v1(folder)):
            if quota is not None:
                share = min(share, quota)
    return share


def worker_count(share: float) -> int:
    """Workers for `share` CPUs: one for each whole one, at least one."""
    return max(1, int(share))


def _affinity() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def _folders(proc: Path, cgroups: Path) -> list[Path]:
    """Our cgroup's folders, each with its parents; in a container's own namespace just the root."""
    folders = [cgroups, cgroups / "cpu", cgroups / "cpu,cpuacct"]
    try:
        lines = (proc / "self" / "cgroup").read_text().splitlines()
    except OSError:
        return folders
    for line in lines:
        _, controllers, path = (*line.split(":", 2), "", "")[:3]
        if controllers and "cpu" not in controllers.split(","):
            continue
        root = cgroups / controllers if controllers else cgroups
        relative = Path(path.lstrip("/"))
        folders += [root / part for part in (relative, *relative.parents) if ".." not in part.parts]
    return folders


def _quota_v2(folder: Path) -> float | None:
    fields = _read(folder / _V2).split()
    if len(fields) != 2 or not all(field.isdigit() for field in fields) or not int(fields[1]):
        return None
    return int(fields[0]) / int(fields[1])


def _quota_v1(folder: Path) -> float | None:
    quota, period = _read(folder / _V1_QUOTA), _read(folder / _V1_PERIOD)
    if not quota.isdigit() or not period.isdigit() or not int(period):
        return None
    return int(quota) / int(period)


def _read(file: Path) -> str:
    try:
        return file.read_text().strip()
    except OSError:
        return ""
