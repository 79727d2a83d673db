import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from waypost.errors import SANDBOX_FOLDER, SandboxError


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold `folder` for one sandbox: two on the same state would hand out each key and number twice.

    Makes the folder (mode 0700) when it is not there. Raises SandboxError(SANDBOX_FOLDER).
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder / "sandbox.lock", os.O_RDWR | os.O_CREAT, 0o600)
    except OSError as error:
        raise SandboxError(SANDBOX_FOLDER, f"{folder.absolute()}: {error.strerror}.") from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise SandboxError(SANDBOX_FOLDER, f"Another sandbox runs on {folder.absolute()}.") from None
        yield
    finally:
        os.close(descriptor)
