"""Files that leave with messages of ours, kept beside: whoever is told of the message finds its file."""

import asyncio
from pathlib import Path

from waypost.chats.files import Blobs, chunks
from waypost.chats.store import FileKey, FileStore
from waypost.clock import Clock
from waypost.errors import WaypostError
from waypost.telemetry import Log


class OwnFiles:
    """Keeps what was uploaded until its message is sent, and then as the message's."""

    def __init__(self, files: FileStore, blobs: Blobs, clock: Clock, log: Log) -> None:
        self._files = files
        self._blobs = blobs
        self._clock = clock
        self._log = log

    async def keep(self, instance_id: str, uuid: str, path: Path) -> None:
        """Keep the file at `path` for the message that the request `uuid` will send. What can't be kept is
        fetched from WhatsApp later: that must not keep the message from leaving."""
        try:
            if await self._files.find(FileKey(instance_id, uuid, "")) is not None:
                return
            size = (await asyncio.to_thread(path.stat)).st_size
            stored = await self._blobs.put(chunks(path), size)
            now = self._clock.now()
            if not await self._files.hold(instance_id, uuid, stored.blob_id, stored.size, now):
                await self._blobs.delete(stored.blob_id)
        except (WaypostError, OSError) as error:
            code = error.code if isinstance(error, WaypostError) else type(error).__name__
            self._log.warning("own_file_not_kept", instance=instance_id, request=uuid, code=code)
