"""Tells of messages of ours, once they are stored as sent.

What is to be told is a row, written in the commit that stores the send, so that a crash loses none of it.
Here the rows are read in their order, told with keys that are the same each time, and removed.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

from waypost.chats.telling import Told
from waypost.chats.untold import Untold, UntoldStore
from waypost.errors import WaypostError
from waypost.telemetry import Log

_PAGE: Final = 100
# When another node has left something, or a wake was missed.
_LOOK_SECONDS: Final = 2.0
_AGAIN_SECONDS: Final = 1.0
# At the end somebody waits for the process to be gone.
_LAST_SECONDS: Final = 2.0


class OwnMessages:
    """Reads the rows and has them told."""

    def __init__(
        self,
        store: UntoldStore,
        made: Callable[[Untold], Awaitable[list[Told]]],
        tell: Callable[[Sequence[Told]], Awaitable[None]],
        holds: Callable[[str], bool],
        log: Log,
    ) -> None:
        """`made` makes the events of a row, `tell` keeps them durably; `holds`: whether an instance is this
        node's."""
        self._store = store
        self._made = made
        self._tell = tell
        self._holds = holds
        self._log = log
        self._news = asyncio.Event()
        self._turn = asyncio.Lock()

    def wake(self) -> None:
        """There may be something to tell."""
        self._news.set()

    async def flush(self) -> None:
        """Tell what is known to wait, before anything that should come after it. Raises StorageError."""
        if self._news.is_set():
            await self.tell_all()

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Tell while the context lasts, and what is left at its end; what can't be told then, whoever comes
        next does."""
        task = asyncio.create_task(self._run(), name="own-messages")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task])
            with contextlib.suppress(WaypostError, TimeoutError):
                async with asyncio.timeout(_LAST_SECONDS):
                    await self.flush()

    async def _run(self) -> None:
        while True:
            try:
                await self.tell_all()
            except WaypostError as error:
                self._log.warning("own_messages_not_told", code=error.code)
                await asyncio.sleep(_AGAIN_SECONDS)
            except Exception:  # noqa: BLE001 - a defect must not end what is told for good
                self._log.exception("own_messages_not_told")
                await asyncio.sleep(_AGAIN_SECONDS)
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_LOOK_SECONDS):
                    await self._news.wait()

    async def tell_all(self) -> None:
        """Tell everything that is there. Raises StorageError."""
        async with self._turn:
            self._news.clear()
            seq = 0
            try:
                while page := await self._store.after(seq, _PAGE):
                    # Not behind those that are removed: the database may give their numbers again.
                    ours = [one for one in page if self._holds(one.what.instance_id)]
                    seq = max((one.seq for one in page if one not in ours), default=seq)
                    await self._tell([told for one in ours for told in await self._events(one)])
                    if ours:
                        await self._store.remove([one.seq for one in ours])
            except WaypostError:
                self._news.set()
                raise

    async def _events(self, untold: Untold) -> list[Told]:
        """The events of a row; none of one that can't be told, which must keep no other from it."""
        try:
            return await self._made(untold)
        except WaypostError:
            raise
        except Exception:  # noqa: BLE001 - see above
            self._log.exception("own_message_not_told", instance=untold.what.instance_id)
            return []
