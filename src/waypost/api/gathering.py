"""Bodies that can't be read piece by piece: JSON and forms, with a file in base64 perhaps.

Reading one of 16 MB takes six times that for a moment. So a large one lies on disk while it arrives, however
slowly, and a few at a time are taken into memory: twenty at once took 2 GB otherwise.
"""

import asyncio
import contextlib
import tempfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import BinaryIO, TypeVar, TypeVarTuple, cast

from waypost.errors import STORAGE_UNAVAILABLE, StorageError

T = TypeVar("T")
Ts = TypeVarTuple("Ts")

# Beyond it a body is large, and so are the pieces in which it is written.
LARGE_BYTES = 1024 * 1024
# Each is read within a third of a second.
AT_ONCE = 2


@contextlib.asynccontextmanager
async def gathered(
    stream: AsyncIterator[bytes], folder: Path | None, turns: asyncio.Semaphore
) -> AsyncIterator[bytes]:
    """All of a body for as long as the context lasts, which a large one begins when it has its turn.

    `folder` is for large ones while they arrive; None is the system's. Raises StorageError, and whatever the
    stream does.
    """
    held = bytearray()
    file: BinaryIO | None = None
    try:
        async for chunk in stream:
            held += chunk
            if len(held) > LARGE_BYTES:
                if file is None:
                    file = await _on_disk(_new_file, folder)
                await _on_disk(file.write, bytes(held))
                held.clear()
        if file is None:
            yield bytes(held)
            return
        async with turns:
            yield await _on_disk(_whole, file, bytes(held))
    finally:
        if file is not None:
            file.close()


def _new_file(folder: Path | None) -> BinaryIO:
    # Without a name: a crash leaves nothing. Buffered, for its lock: closing waits for a write that a
    # cancelled caller left running.
    return cast("BinaryIO", tempfile.TemporaryFile(dir=folder))


def _whole(file: BinaryIO, rest: bytes) -> bytes:
    file.write(rest)
    file.seek(0)
    return file.read()


async def _on_disk(work: Callable[[*Ts], T], *args: *Ts) -> T:
    try:
        return await asyncio.to_thread(work, *args)
    except OSError as error:
        raise StorageError(STORAGE_UNAVAILABLE, f"{error.strerror or 'The disk failed'}.") from error
