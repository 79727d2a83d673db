"""Where a session keeps its things, and who may touch them.

<instance>/store/session.db   whatsmeow's store and two tables of ours (see probe.py)
<instance>/pairing-*/         a store that is being paired; renamed to `store` when a phone has scanned
<instance>/spool/             events (see spool.py)
<instance>/lock               held by the engine process that has the store open, while it lives
<instance>/owner.json         which process that is, so that the next gateway can end one left behind
"""

import errno
import fcntl
import os
import re
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Final
from urllib.parse import quote

import msgspec

DATABASE: Final = "session.db"
INSTANCES: Final = "instances"
"""The folder of all instances, in the engine's own."""
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
# Options of go-sqlite3 ride in the file's name; the library appends its own `?…`, which `x=` swallows. FULL:
# in WAL mode the library's default (NORMAL) could lose the row of a sent message, and its ratchet, with the
# power.
_OPTIONS: Final = "?_journal_mode=WAL&_busy_timeout=5000&_foreign_keys=on&_synchronous=FULL&x="


class Owner(msgspec.Struct, frozen=True):
    """The process that has a store open; a pid alone may belong to somebody else by now."""

    pid: int
    started: int


@dataclass(frozen=True, slots=True)
class StoreFolder:
    """The folder of one instance."""

    root: Path

    @property
    def store(self) -> Path:
        """The folder of the session store."""
        return self.root / "store"

    @property
    def database(self) -> Path:
        """The session store."""
        return self.store / DATABASE

    @property
    def spool(self) -> Path:
        """The folder of events."""
        return self.root / "spool"

    def exists(self) -> bool:
        """Whether there is a paired store."""
        return self.database.is_file()

    def new_pairing(self, token: str) -> Path:
        """A fresh folder to pair in; those of earlier attempts are removed."""
        self.discard_pairings()
        folder = self.root / f"pairing-{token}"
        folder.mkdir(mode=0o700, parents=True)
        return folder

    def discard_pairings(self) -> None:
        """Remove what unfinished pairings left."""
        for left in self.root.glob("pairing-*"):
            shutil.rmtree(left, ignore_errors=True)

    def adopt(self, pairing: Path) -> None:
        """Make a paired store the instance's own, in place of an earlier one."""
        self.discard()
        pairing.rename(self.store)
        _sync_folder(self.root)

    def discard(self) -> None:
        """Delete the session store; events that were not delivered stay."""
        if self.store.exists():
            doomed = self.root / f"pairing-old-{os.getpid()}"
            shutil.rmtree(doomed, ignore_errors=True)
            self.store.rename(doomed)
            shutil.rmtree(doomed, ignore_errors=True)


def instance_folder(base: Path, instance_id: str) -> StoreFolder:
    """The folder of an instance below `base`. Raises ValueError for an id that is no plain name."""
    if _NAME.fullmatch(instance_id) is None:
        raise ValueError("an instance id is made of letters, digits, dots, dashes and underscores")
    return StoreFolder(base / instance_id)


def library_path(folder: Path) -> str:
    """The name by which the library opens the database in `folder` with our options."""
    return quote(str(folder / DATABASE)) + _OPTIONS


class StoreLock:
    """An exclusive lock that ends with the process that took it."""

    def __init__(self, folder: StoreFolder) -> None:
        self._folder = folder
        self._fd = -1

    def acquire(self) -> bool:
        """Take the lock and leave word who has it; False when another process holds it."""
        self._folder.root.mkdir(mode=0o700, parents=True, exist_ok=True)
        fd = os.open(self._folder.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            os.close(fd)
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                return False
            raise
        self._fd = fd
        try:
            record_owner(self._folder, Owner(os.getpid(), started_at(os.getpid()) or 0))
        except OSError:
            self.release()
            raise
        return True

    def disown(self) -> None:
        """Keep the lock, but not so that this process is ended for it: whoever comes waits."""
        (self._folder.root / "owner.json").unlink(missing_ok=True)

    def release(self) -> None:
        """Let others open the store."""
        if self._fd >= 0:
            self.disown()
            os.close(self._fd)
            self._fd = -1


def record_owner(folder: StoreFolder, owner: Owner) -> None:
    """Leave word which process has the store open."""
    target = folder.root / "owner.json"
    fresh = target.with_suffix(".new")
    fresh.write_bytes(msgspec.json.encode(owner))
    fresh.replace(target)


def recorded_owner(folder: StoreFolder) -> Owner | None:
    """The process that had the store open last and may still live."""
    try:
        owner = msgspec.json.decode((folder.root / "owner.json").read_bytes(), type=Owner)
    except (FileNotFoundError, msgspec.DecodeError):
        return None
    return owner if owner.started and started_at(owner.pid) == owner.started else None


def started_at(pid: int) -> int | None:
    """When a process began, in clock ticks since boot (proc(5), stat field 22); None where that can't be
    known."""
    try:
        stat = Path(f"/proc/{pid}/stat").read_text()
    except OSError:
        return None
    fields = stat.rpartition(")")[2].split()
    return None if fields[0] == "Z" else int(fields[19])


def _sync_folder(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)
