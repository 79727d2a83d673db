"""One gateway per data folder.

flock() and not a pid file: the kernel lets go of it however the process ends, and a reused pid proves
nothing.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waypost.errors import DATA_FOLDER_BUSY, DATA_FOLDER_UNUSABLE, StorageError


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Hold `folder` for this process alone; makes it (mode 0700) when it is not there.

    Raises StorageError: DATA_FOLDER_BUSY at once when another process holds it, DATA_FOLDER_UNUSABLE when
    nothing can be written there.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "waypost.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        detail = f"The folder is {folder.absolute()}: {error.strerror}."
        raise StorageError(DATA_FOLDER_UNUSABLE, detail) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise StorageError(DATA_FOLDER_BUSY, f"The folder is {folder}{_holder(descriptor)}.") from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def _holder(descriptor: int) -> str:
    pid = os.pread(descriptor, 32, 0).decode("ascii", "replace").strip()
    return f", the other process is {pid}" if pid else ""
