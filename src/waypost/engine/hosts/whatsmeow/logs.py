"""The library's warnings as lines of our log."""

import re
from collections.abc import Callable
from typing import Final

from neonize.proto import Neonize_pb2 as proto
from structlog.typing import FilteringBoundLogger

from waypost.engine.hosts.whatsmeow.refusals import plain
from waypost.engine.store import FENCED

# whatsmeow, send.go: it sends all the same
_ROW_MISSING: Final = "Failed to store message secret key for outgoing message"
_CLOSED: Final = "Error reading from websocket"  # also after each disconnect of ours
_DIALING: Final = "Dialing "  # whatsmeow, socket/framesocket.go: before anything is sent or looked up
_SOCKET: Final = "Client/Socket"
_CLIENT: Final = "Client"
# whatsmeow, connectionevents.go: "Got 401: logged out … connect failure, sending …", or a stream error.
_LOGS_OUT: Final = re.compile(r"Got (\d*).*, sending LoggedOut event and deleting session")
_REASONS: Final = {
    "401": proto.ConnectFailureReason.LOGGED_OUT,
    "403": proto.ConnectFailureReason.MAIN_DEVICE_GONE,
    "406": proto.ConnectFailureReason.UNKNOWN_LOGOUT,
}
_LOGGED: Final = ("WARN", "ERROR")  # below are whole stanzas, with numbers in them


def is_dialing(data: bytes) -> bool:
    """Whether a LogEntry says that a client begins to connect."""
    entry = proto.LogEntry.FromString(data)
    return bool(entry.Name == _SOCKET and entry.Message.startswith(_DIALING))


def logged_out(data: bytes) -> bytes | None:
    """The LoggedOut event that a LogEntry says will come; None for any other line."""
    entry = proto.LogEntry.FromString(data)
    found = _LOGS_OUT.match(entry.Message) if entry.Name == _CLIENT else None
    if found is None:
        return None
    reason = _REASONS.get(found[1], proto.ConnectFailureReason.GENERIC)
    return bytes(proto.LoggedOut(OnConnect=bool(found[1]), Reason=reason).SerializeToString())


class LibraryLog:
    """Called in the library's threads, which wait for it. `end` is to end the process: the library is about
    to send a message whose id it could not store, and nobody could tell afterwards that it has left."""

    def __init__(self, log: FilteringBoundLogger, end: Callable[[], None]) -> None:
        self._log = log
        self._end = end

    def write(self, data: bytes) -> None:
        """One LogEntry; those below a warning are dropped."""
        entry = proto.LogEntry.FromString(data)
        if entry.Level not in _LOGGED:
            return
        if entry.Message.startswith(_CLOSED):
            log = self._log.info
        else:
            log = self._log.error if entry.Level == "ERROR" else self._log.warning
        log("library", part=entry.Name, message=plain(entry.Message))
        # A store that refuses the row because of the lease refuses the ratchet too, so that nothing is sent.
        if entry.Message.startswith(_ROW_MISSING) and FENCED not in entry.Message:
            self._end()
