"""Webhooks and deliveries as the API shows them."""

from collections.abc import Sequence
from typing import Any, Literal

import msgspec

from waypost.clock import iso
from waypost.webhooks.delivery import Attempt, Delivery
from waypost.webhooks.webhook import Webhook

_REASONS = {
    "": "",
    "disabled": "It was disabled through the API.",
    "failing": "Nothing could be delivered for three days; enable it when its receiver works again.",
}


class WebhookView(msgspec.Struct, frozen=True, kw_only=True):
    """A webhook. `headers` names further headers; their values are not told. `secret` and `signing_secret`
    are told once, by the call that makes them. `reason` says why it is not enabled, `failing_since` since
    when nothing could be delivered.
    """

    id: str
    url: str
    events: list[str]
    headers: list[str]
    user_id: str
    enabled: bool
    reason: Literal["", "disabled", "failing"]
    reason_message: str
    failing_since: str | None
    secret: str | None
    signing_secret: str | None
    created_at: str


class WebhookHealth(msgspec.Struct, frozen=True, kw_only=True):
    """How many webhooks there are: working, failing since some time, and disabled because of that."""

    working: int
    failing: int
    disabled: int


class Removed(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence that it was done."""

    message: str


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a test: the answer's beginning, or why there was none."""

    delivered: bool
    ms: int
    response_status: int | None
    response_body: str
    error: str | None


class DeliveryView(msgspec.Struct, frozen=True, kw_only=True):
    """An event on its way to a webhook: pending, delivered, or dead: given up, until it is sent again.

    `response_status` and `error` are what the last attempt came to.
    """

    id: str
    event_id: str
    event: str
    chat: str | None
    state: Literal["pending", "delivered", "dead"]
    attempts: int
    response_status: int | None
    error: str | None
    created_at: str
    next_attempt_at: str | None
    finished_at: str | None


class DeliveryPage(msgspec.Struct, frozen=True, kw_only=True):
    """Deliveries, newest first; `next_cursor` leads to older ones."""

    data: list[DeliveryView]
    next_cursor: str | None


class AttemptView(msgspec.Struct, frozen=True, kw_only=True):
    """One try: how long it took, the headers that were sent, without secrets, and the answer's beginning."""

    number: int
    at: str
    ms: int
    response_status: int | None
    error: str | None
    request_headers: dict[str, str]
    response_body: str


class DeliveryWithAttempts(DeliveryView, frozen=True, kw_only=True):
    """A delivery with its last twenty attempts, oldest first, and the body that is sent."""

    request_body: dict[str, Any]
    log: list[AttemptView]


class Redelivered(msgspec.Struct, frozen=True, kw_only=True):
    """How many deliveries were set out again."""

    message: str
    count: int


def webhook_view(
    webhook: Webhook, *, secret: str | None = None, signing_secret: str | None = None
) -> WebhookView:
    """A webhook with the secrets that may be told now."""
    failing = webhook.failing_since
    return WebhookView(
        id=webhook.id,
        url=webhook.url,
        events=sorted(webhook.events),
        headers=sorted(webhook.headers),
        user_id=webhook.user_id,
        enabled=webhook.enabled,
        reason=webhook.reason,  # type: ignore[arg-type]  # what the database holds
        reason_message=_REASONS.get(webhook.reason, ""),
        failing_since=None if failing is None else iso(failing),
        secret=secret,
        signing_secret=signing_secret,
        created_at=iso(webhook.created_at),
    )


def webhook_health(webhooks: Sequence[Webhook]) -> WebhookHealth:
    """How an instance's webhooks are."""
    enabled = [one for one in webhooks if one.enabled]
    failing = sum(one.failing_since is not None for one in enabled)
    return WebhookHealth(
        working=len(enabled) - failing,
        failing=failing,
        disabled=sum(one.reason == "failing" for one in webhooks),
    )


def delivery_view(delivery: Delivery) -> dict[str, Any]:
    """In the shape of DeliveryView."""
    return {
        "id": str(delivery.seq),
        "event_id": delivery.entry.id,
        "event": delivery.entry.name,
        "chat": delivery.entry.chat,
        "state": delivery.state,
        "attempts": delivery.attempts,
        "response_status": delivery.status,
        "error": delivery.error,
        "created_at": iso(delivery.created_at),
        "next_attempt_at": _iso(delivery.next_attempt_at),
        "finished_at": _iso(delivery.finished_at),
    }


def attempt_view(attempt: Attempt) -> dict[str, Any]:
    """In the shape of AttemptView."""
    return {
        "number": attempt.number,
        "at": iso(attempt.at),
        "ms": attempt.ms,
        "response_status": attempt.status,
        "error": attempt.error,
        "request_headers": attempt.headers,
        "response_body": text_of(attempt.answer),
    }


def text_of(answer: bytes) -> str:
    """The beginning of an answer, which may end within a character or be none at all."""
    return answer.decode("utf-8", errors="replace")


def _iso(at: float | None) -> str | None:
    return None if at is None else iso(at)
