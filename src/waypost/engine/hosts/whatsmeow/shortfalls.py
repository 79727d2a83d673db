"""Messages that the library has sent to fewer devices than it should have, perhaps to none.

A device whose keys it can't write, because its store is gone for a moment, is left out with a warning
(whatsmeow, send.go, `encryptMessageForDevices`), and the server acks what is left: "sent" would be a lie. A
device that it has no keys for is left out in the same way, which is nothing unusual.
"""

import re
from collections import OrderedDict
from typing import Final

from neonize.proto import Neonize_pb2 as proto

_LEFT_OUT: Final = re.compile(r"Failed to encrypt (\S+) for ")
# What the library's Signal store says around an error of its database (whatsmeow, store/signal.go).
_OF_STORE: Final = re.compile(r"failed to (save|store|load|check|delete|mark|get)\b|pq: |database|sql: ")
_KEPT: Final = 1000  # messages; each is asked for once, right after it was sent


class Shortfalls:
    """Reads the library's log. `read` is called in its threads, before the call to send returns."""

    def __init__(self) -> None:
        self._messages: OrderedDict[str, None] = OrderedDict()

    def read(self, data: bytes) -> None:
        """One LogEntry."""
        if b"Failed to encrypt" not in data:
            return
        message: str = proto.LogEntry.FromString(data).Message
        found = _LEFT_OUT.match(message)
        if found is not None and _OF_STORE.search(message):
            self._messages[found[1]] = None
            while len(self._messages) > _KEPT:
                self._messages.popitem(last=False)

    def take(self, message_id: str) -> bool:
        """Whether that message fell short; asked once."""
        return self._messages.pop(message_id, self) is None
