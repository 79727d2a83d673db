import errno
import os
import shutil
import statistics
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from waypost.cli.doctor.check import Check, failed, ok, warning
from waypost.errors import DATA_FOLDER_UNUSABLE

_FREE: Final = "disk, free space"
_STORES: Final = "disk, fsync"
_FOLDER: Final = "data folder"
_LITTLE_BYTES: Final = 1_000_000_000
_TOO_LITTLE_BYTES: Final = 100_000_000
_ROOM: Final = "Make room; docs/operations.md says what is kept and for how long."
# What neither a right nor another folder of the same disk mends.
_MENDS: Final = {
    errno.ENOSPC: _ROOM,
    errno.EDQUOT: _ROOM,
    errno.EROFS: "It is mounted read-only: mount it for writing, or choose another WAYPOST_DATA.",
    errno.ENOTDIR: "That is a file; name a folder in WAYPOST_DATA.",
}
_SYNCS: Final = 10
# Every accepted call waits for one.
_SLOW_MS: Final = 50.0
_OTHERS: Final = 0o077


def disk(folder: Path) -> Sequence[Check]:
    """Whether the data folder can be written, stores what it is told to, and has room."""
    there = folder.exists()
    # Doctor changes nothing: a folder that is not there is made by the gateway.
    place = folder if there else next(parent for parent in folder.absolute().parents if parent.exists())
    try:
        took = _sync_ms(place)
    except OSError as error:
        says = f"{place.absolute()} can't be written: {error.strerror}."
        mend = _MENDS.get(error.errno or 0, DATA_FOLDER_UNUSABLE.sentence)
        return [failed(_FOLDER, says, mend), _free(place)]
    return [_folder(folder) if there else _absent(folder), _synced(took), _free(place)]


def _absent(folder: Path) -> Check:
    return ok(_FOLDER, f"{folder.absolute()} is not there yet; the gateway makes it at its first start.")


def _folder(folder: Path) -> Check:
    if folder.stat().st_mode & _OTHERS:
        says = (
            f"Other users of this machine can look into {folder.absolute()}, which holds the accounts' keys."
        )
        return warning(_FOLDER, says, f"chmod 700 {folder.absolute()}")
    return ok(_FOLDER, f"{folder.absolute()} can be written.")


def _sync_ms(folder: Path) -> float:
    """Median milliseconds of a write that is on the disk. Raises OSError."""
    taken = []
    with tempfile.TemporaryFile(dir=folder) as file:
        for _ in range(_SYNCS):
            began = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)


def _synced(took_ms: float) -> Check:
    if took_ms > _SLOW_MS:
        says = f"A write takes {took_ms:.0f} ms until it is stored, and so does every accepted call."
        return warning(_STORES, says, "Put WAYPOST_DATA on a local SSD.")
    return ok(_STORES, f"A write is stored after {took_ms:.1f} ms.")


def _free(folder: Path) -> Check:
    free = shutil.disk_usage(folder).free
    says = f"{free / 1e9:.1f} GB are free." if free >= _LITTLE_BYTES else f"{free / 1e6:.0f} MB are free."
    if free >= _LITTLE_BYTES:
        return ok(_FREE, says)
    if free >= _TOO_LITTLE_BYTES:
        return warning(_FREE, says, _ROOM)
    return failed(_FREE, f"{says} Calls will be refused with 503.", _ROOM)
