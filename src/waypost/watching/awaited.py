from collections import OrderedDict
from collections.abc import Iterable
from typing import Final, NamedTuple

from waypost.outbox.receipts import ReceiptNote
from waypost.outbox.request import Request
from waypost.watching import table
from waypost.watching.counts import Counts
from waypost.watching.spans import Tracer

# Messages of which a receipt is still awaited, some 300 bytes each; whoever is off for long is forgotten.
_MOST: Final = 5_000
# Receipts that came before the send's own answer, which is a moment later.
_EARLY: Final = 200
_DELIVERED: Final = frozenset({"delivered", "inactive", "read", "played"})

Key = tuple[str, str]


class _Acked(NamedTuple):
    operation: str
    since: float
    at: float
    traceparent: str | None
    request_id: str | None


class Awaited:
    """Messages that the server has and no recipient's device yet: how long until one has. In memory alone, so
    that a receipt costs no look at the database; what was sent before a restart is not counted."""

    def __init__(self, counts: Counts, tracer: Tracer, expires: float) -> None:
        """`expires`: the time after which requests do, in seconds."""
        self._counts = counts
        self._tracer = tracer
        self._expires = expires
        self._acked: OrderedDict[Key, _Acked] = OrderedDict()
        self._early: OrderedDict[Key, float] = OrderedDict()

    def since(self, request: Request) -> float:
        """When a request was accepted, or tried again (seconds since the epoch): its expiry begins anew
        then."""
        return max(request.created_at, request.expires_at - self._expires)

    def acked(self, request: Request, message_id: str, now: float) -> None:
        """The server has that message."""
        key = (request.instance_id, message_id)
        acked = _Acked(request.operation, self.since(request), now, request.traceparent, request.request_id)
        early = self._early.pop(key, None)
        if early is not None:
            self._delivered(acked, max(early, now))
            return
        self._acked[key] = acked
        if len(self._acked) > _MOST:
            self._acked.popitem(last=False)

    def heard(self, notes: Iterable[ReceiptNote], now: float) -> None:
        """Receipts were kept."""
        for note in notes:
            if note.kind not in _DELIVERED:
                continue
            for message_id in note.message_ids:
                key = (note.instance_id, message_id)
                acked = self._acked.pop(key, None)
                if acked is not None:
                    self._delivered(acked, now)
                elif note.kind == "delivered":
                    self._early[key] = now
                    if len(self._early) > _EARLY:
                        self._early.popitem(last=False)

    def _delivered(self, acked: _Acked, now: float) -> None:
        self._counts.took(table.DELIVERED_SECONDS, max(now - acked.since, 0.0), acked.operation)
        if acked.traceparent is not None:
            attributes = {"waypost.operation": acked.operation, "waypost.request_id": acked.request_id or ""}
            self._tracer.past("receipt", acked.traceparent, acked.at, now, attributes)
