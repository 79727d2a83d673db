"""Live events as the gateway streams them (Server-Sent Events), for both kinds of client."""

from collections.abc import Callable, Collection, Iterator
from typing import Any, Final

import msgspec

from waypost.client.describe import WHATSAPP, Outgoing, part

# The gateway says something at least every fifteen seconds.
SILENCE_SECONDS: Final = 40.0
# Who follows live events wants them soon after the gateway is back.
REOPENED_SECONDS: Final = 5.0


class LiveEvent(msgspec.Struct, frozen=True, kw_only=True):
    """What happened: `name` is that of webhooks, `payload` theirs too, `place` where to go on after it."""

    place: str
    name: str
    payload: dict[str, Any]


def stream_of(instance: str, names: Collection[str]) -> Outgoing:
    """The call that opens the stream."""
    query = {"events": ",".join(sorted(names))} if names else {}
    return Outgoing(method="GET", path=f"{WHATSAPP}/{part(instance)}/events", query=query)


class Line:
    """Tells whoever wants to know when a stream breaks and when it goes on; each change once."""

    def __init__(self, told: Callable[[bool], None] | None) -> None:
        self._told = told
        self._is_open = True

    def says(self, is_open: bool) -> None:
        """The stream is open, or broke."""
        if is_open != self._is_open and self._told is not None:
            self._told(is_open)
        self._is_open = is_open


class Lines:
    """Makes events of the lines of a stream; `place` is after the last one."""

    def __init__(self, place: str | None) -> None:
        self.place = place
        self._fields: dict[str, str] = {}

    @property
    def headers(self) -> dict[str, str]:
        """What says where to go on."""
        return {"Accept": "text/event-stream"} | ({"Last-Event-ID": self.place} if self.place else {})

    def feed(self, line: str) -> Iterator[LiveEvent]:
        """The event that ends with this line, if one does."""
        if line:
            name, _, value = line.partition(":")
            self._fields[name] = value.removeprefix(" ")
            return
        fields, self._fields = self._fields, {}
        # Without data it is no event, and tells where the stream is.
        self.place = fields.get("id", self.place)
        if "data" in fields and "id" in fields:
            data = msgspec.json.decode(fields["data"])["data"]
            yield LiveEvent(place=fields["id"], name=fields.get("event", ""), payload=data["payload"])

    def broken(self) -> None:
        """The stream ended in the middle: what came of an event is no event."""
        self._fields = {}
