"""Brings one event to one receiver, and tells what came of it."""

from collections.abc import Callable
from email.utils import parsedate_to_datetime

from waypost.clock import Clock
from waypost.errors import INSTANCE_NOT_FOUND, FetchError, WaypostError
from waypost.instances.instance import Instance
from waypost.net.poster import Answered, Mailbox, Poster
from waypost.webhooks.body import about, body, headers, shown
from waypost.webhooks.delivery import ANSWER_BYTES, Attempt
from waypost.webhooks.journal import Entry
from waypost.webhooks.webhook import Webhook


class Courier:
    """Signs, posts, and never raises for what a receiver does."""

    def __init__(self, poster: Poster, find: Callable[[str], Instance | None], clock: Clock) -> None:
        """`find`: the instance with that id."""
        self._poster = poster
        self._find = find
        self._clock = clock

    def mailbox(self, webhook: Webhook, connections: int) -> Mailbox:
        """Connections to a receiver, to be closed by the caller."""
        return self._poster.open(webhook.url, connections)

    async def bring(self, entry: Entry, webhook: Webhook, mailbox: Mailbox) -> Attempt:
        """Post an event once."""
        now, began = self._clock.now(), self._clock.monotonic()
        sent: dict[str, str] = {}
        answered: Answered | None = None
        error: str | None = None
        try:
            instance = self._find(webhook.instance_id)
            if instance is None:
                raise FetchError(INSTANCE_NOT_FOUND)
            content = body(entry, instance, webhook.user_id)
            sent = headers(webhook, entry.id, content, now) | about(entry, webhook)
            answered = await mailbox.post(sent, content, ANSWER_BYTES)
        except WaypostError as failed:
            error = failed.detail or failed.message
        return Attempt(
            at=now,
            ms=round((self._clock.monotonic() - began) * 1000),
            status=None if answered is None else answered.status,
            error=_refusal(answered) if answered is not None else error,
            headers=shown(sent, webhook),
            answer=b"" if answered is None else answered.body,
            retry_after=None if answered is None else _retry_after(answered, now),
        )


def _refusal(answered: Answered) -> str | None:
    if 300 <= answered.status < 400:
        return "It redirects; name the address that it leads to."
    return None if answered.status < 300 else f"It answered {answered.status}."


def _retry_after(answered: Answered, now: float) -> float | None:
    """Seconds from now that the receiver wants to be left alone; it may name a time (RFC 9110, 10.2.3)."""
    text = answered.headers.get("retry-after", "").strip()
    if text.isascii() and text.isdecimal():
        return float(text[:9])
    try:
        at = parsedate_to_datetime(text).timestamp()
    except (ValueError, TypeError, OverflowError):
        return None
    return max(at - now, 0.0)
