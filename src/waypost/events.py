"""What happens on an instance, as webhooks and live streams tell it."""

from typing import Any, Final, Literal, get_args

import msgspec

# The eight that every client of the V2 API knows; its official client rejects any other name.
GivenName = Literal[
    "message.any",
    "message.ack",
    "message.reaction",
    "message.revoked",
    "message.waiting",
    "poll.vote",
    "poll.vote.failed",
    "presence.update",
]
# What only those learn who ask for it.
FurtherName = Literal[
    "queued_request.finished",
    "instance.status",
    "instance.qr",
    "call.offer",
    "group.update",
    "webhook.disabled",
]
EventName = GivenName | FurtherName

GIVEN: Final[frozenset[str]] = frozenset(get_args(GivenName))
FURTHER: Final[frozenset[str]] = frozenset(get_args(FurtherName))


class Event(msgspec.Struct, frozen=True, kw_only=True):
    """One event of an instance.

    `key` is the same however often the event is told (after a crash it may come twice) and differs from those
    of the instance's other events. `chat` is the JID that orders it; None orders it by its instance. `at`
    is in seconds since the epoch. `payload` is what the webhook's `payload` holds (JSON values). `request_id`
    and `traceparent` name the call that it came of.
    """

    instance_id: str
    name: EventName
    key: str
    at: float
    payload: dict[str, Any]
    chat: str | None = None
    request_id: str | None = None
    traceparent: str | None = None
