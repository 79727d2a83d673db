"""Writes a session's events into its spool, from the library's own threads."""

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Final

import msgspec
from structlog.typing import FilteringBoundLogger

from waypost.engine.port import EngineEvent, MessageArrived
from waypost.engine.spool import MAX_RECORD, SpoolWriter

_WAITING: Final = 10_000  # events kept in memory while the disk is full; the oldest go first
_RETRY_S: Final = 1.0


class Journal:
    """Appends before anything else happens: the library has already told the server that we have the event.

    `on_growth` is called in the loop's thread after appends.
    """

    def __init__(self, folder: Path, on_growth: Callable[[], None], log: FilteringBoundLogger) -> None:
        self._spool = SpoolWriter(folder)
        self._on_growth = on_growth
        self._log = log
        self._loop = asyncio.get_running_loop()
        self._lock = threading.Lock()
        self._waiting: deque[bytes] = deque(maxlen=_WAITING)
        self._closed = False
        self._retrying = False

    def append(self, event: EngineEvent) -> None:
        """Spool `event`; called from any thread."""
        payload = _fitting(event)
        with self._lock:
            if self._closed:
                return
            self._waiting.append(payload)
            written = self._flush()
        self._loop.call_soon_threadsafe(self._on_growth if written else self._retry_later)

    def close(self) -> None:
        """Close the spool's file."""
        with self._lock:
            self._closed = True
            self._spool.close()

    def _flush(self) -> bool:
        try:
            while self._waiting:
                self._spool.append(self._waiting[0])
                self._waiting.popleft()
        except OSError as error:
            self._log.error("spool_not_writable", error=error.strerror, waiting=len(self._waiting))
            return False
        return True

    def _retry_later(self) -> None:
        if not self._retrying:
            self._retrying = True
            self._loop.call_later(_RETRY_S, self._retry)

    def _retry(self) -> None:
        self._retrying = False
        with self._lock:
            if self._closed or not self._waiting:
                return
            written = self._flush()
        if written:
            self._on_growth()
        else:
            self._retry_later()


def _fitting(event: EngineEvent) -> bytes:
    """The event as a record; of a message that is too long for one, who sent it and when. A longer record
    would end the spool for whoever reads it."""
    payload = msgspec.msgpack.encode(event)
    if len(payload) > MAX_RECORD and isinstance(event, MessageArrived):
        payload = msgspec.msgpack.encode(msgspec.structs.replace(event, names={}, content=b"", edited=None))
    return payload
