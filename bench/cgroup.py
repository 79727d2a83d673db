"""One memory limit for all processes of a program together: a control group of Linux (v1 or v2), made for a
measurement and removed after it.

A limit per process (RLIMIT_DATA) says little about a program of many; here the kernel counts them as one and
kills in the group when reclaiming does not help.
"""

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_ROOT = Path("/sys/fs/cgroup")
_GONE_WITHIN_S = 10.0


class NoGroup(Exception):
    """There is no control group to be had; the message says why."""


@dataclass(frozen=True)
class _Files:
    """What the files of a version are called."""

    limit: str
    swap: str
    peak: str
    stat: str
    anonymous: str
    events: str


_V1 = _Files(
    "memory.limit_in_bytes",
    "memory.memsw.limit_in_bytes",
    "memory.max_usage_in_bytes",
    "memory.stat",
    "rss",
    "memory.oom_control",
)
_V2 = _Files("memory.max", "memory.swap.max", "memory.peak", "memory.stat", "anon", "memory.events")


@dataclass(frozen=True)
class Group:
    """A limited group; `home` is where this process belongs."""

    folder: Path
    home: Path
    files: _Files

    @contextmanager
    def joined(self) -> Iterator[None]:
        """What is started meanwhile belongs to the group, with all its children."""
        (self.folder / "cgroup.procs").write_text(str(os.getpid()))
        try:
            yield
        finally:
            (self.home / "cgroup.procs").write_text(str(os.getpid()))

    def peak_bytes(self) -> int:
        """The most that was ever charged, the file cache included."""
        return int((self.folder / self.files.peak).read_text())

    def anonymous_bytes(self) -> int:
        """What is charged now and no file stands behind."""
        return self._fact(self.files.stat, self.files.anonymous)

    def killed(self) -> int:
        """How many processes the kernel killed for want of memory."""
        return self._fact(self.files.events, "oom_kill")

    def _fact(self, file: str, name: str) -> int:
        rows = (line.split() for line in (self.folder / file).read_text().splitlines())
        return next(int(value) for key, value in rows if key == name)


@contextmanager
def group(limit_bytes: int) -> Iterator[Group]:
    """A group of that limit, after a trial that it is enforced. Raises NoGroup."""
    with _made(limit_bytes, "trial") as trial:
        # Bytes that are not zero: pages of zeros would not be touched.
        greedy = [sys.executable, "-c", f"x = b'x' * {limit_bytes + limit_bytes // 6}"]
        with trial.joined():
            child = subprocess.Popen(greedy, stderr=subprocess.DEVNULL)
        if child.wait() == 0:
            raise NoGroup("the control group's limit is not enforced")
    with _made(limit_bytes, "run") as made:
        yield made


@contextmanager
def _made(limit_bytes: int, name: str) -> Iterator[Group]:
    parent, files = _place()
    folder = parent / f"waypost-bench-{os.getpid()}-{name}"
    try:
        folder.mkdir()
    except OSError as error:
        raise NoGroup(f"a control group can't be made: {error.strerror}") from error
    try:
        (folder / files.limit).write_text(str(limit_bytes))
        if (folder / files.swap).exists():
            (folder / files.swap).write_text(str(limit_bytes if files is _V1 else 0))
        yield Group(folder, _home(files), files)
    except OSError as error:
        raise NoGroup(f"a control group can't be used: {error.strerror}") from error
    finally:
        _remove(folder)


def _place() -> tuple[Path, _Files]:
    """Where a group can be made: below our own in v1, beside it in v2, where only leaves hold processes."""
    if (_ROOT / "memory").is_dir():
        return _home(_V1), _V1
    if not (_ROOT / "cgroup.controllers").exists():
        raise NoGroup("this system has no control groups")
    home = _home(_V2)
    parent = home if home == _ROOT else home.parent
    if "memory" not in (parent / "cgroup.subtree_control").read_text().split():
        raise NoGroup("the control group above does not hand the memory limit down")
    return parent, _V2


def _home(files: _Files) -> Path:
    rows = [line.split(":", 2) for line in Path("/proc/self/cgroup").read_text().splitlines()]
    wanted, root = ("memory", _ROOT / "memory") if files is _V1 else ("", _ROOT)
    own = next((path for _, names, path in rows if wanted in names.split(",")), "/")
    found = root / own.lstrip("/")
    return found if found.is_dir() else root


def _remove(folder: Path) -> None:
    """Once the last process has left; what the kernel kills takes a moment."""
    until = time.monotonic() + _GONE_WITHIN_S
    while True:
        try:
            folder.rmdir()
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.05)
        else:
            return
