"""The library's warnings as lines of our log."""

from collections.abc import Callable
from typing import Final

from neonize.proto import Neonize_pb2 as proto
from structlog.typing import FilteringBoundLogger

from waypost.engine.hosts.whatsmeow.refusals import plain

_ROW_MISSING: Final = "Failed to store message secret key"  # whatsmeow, send.go: it sends all the same
_CLOSED: Final = "Error reading from websocket"  # also after each disconnect of ours
_DIALING: Final = "Dialing "  # whatsmeow, socket/framesocket.go: before anything is sent or looked up
_SOCKET: Final = "Client/Socket"
_LOGGED: Final = ("WARN", "ERROR")  # below are whole stanzas, with numbers in them


def is_dialing(data: bytes) -> bool:
    """Whether a LogEntry says that a client begins to connect."""
    entry = proto.LogEntry.FromString(data)
    return bool(entry.Name == _SOCKET and entry.Message.startswith(_DIALING))


class LibraryLog:
    """Called in the library's threads; `on_doubt` when the row that proves a send could not be written."""

    def __init__(self, log: FilteringBoundLogger, on_doubt: Callable[[], None]) -> None:
        self._log = log
        self._on_doubt = on_doubt

    def write(self, data: bytes) -> None:
        """One LogEntry; those below a warning are dropped."""
        entry = proto.LogEntry.FromString(data)
        if entry.Level not in _LOGGED:
            return
        if entry.Message.startswith(_ROW_MISSING):
            self._on_doubt()
        if entry.Message.startswith(_CLOSED):
            log = self._log.info
        else:
            log = self._log.error if entry.Level == "ERROR" else self._log.warning
        log("library", part=entry.Name, message=plain(entry.Message))
