"""An event on its way to a webhook, and the tries that were made."""

from typing import Literal

import msgspec

from waypost.webhooks.journal import Entry

DeliveryState = Literal["pending", "delivered", "dead"]

# What of an answer is kept, in bytes.
ANSWER_BYTES = 2048


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """A row of the deliveries. Times are seconds since the epoch; `seq` is the order within its chat.

    `attempts` are those since it was last set out; it is given up after `retry_until`. `status` and `error`
    are what the last attempt came to.
    """

    seq: int
    webhook_id: str
    chat: str
    state: DeliveryState
    attempts: int
    created_at: float
    retry_until: float
    next_attempt_at: float | None
    finished_at: float | None
    status: int | None
    error: str | None
    entry: Entry


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try: when, how long it took, the headers that were sent (without secrets), and what was answered
    (its beginning) or why nothing was.
    """

    at: float
    ms: int
    status: int | None
    error: str | None
    headers: dict[str, str]
    answer: bytes = b""
    number: int = 0
    retry_after: float | None = None

    @property
    def succeeded(self) -> bool:
        """Whether the receiver took it."""
        return self.status is not None and 200 <= self.status < 300
