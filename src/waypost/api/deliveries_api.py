"""Deliveries over HTTP: what became of each event, dead letters, sending again."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from waypost.api.body import BodyReader
from waypost.api.endpoint import Call, Endpoint
from waypost.api.fields import FieldsReader
from waypost.api.paging import cursor, number, whole
from waypost.api.replies import Reply
from waypost.api.webhook_view import (
    DeliveryPage,
    DeliveryWithAttempts,
    Redelivered,
    attempt_view,
    delivery_view,
)
from waypost.api.webhooks_api import PATH, TAG, webhook_id
from waypost.errors import DELIVERY_NOT_FOUND, ApiError, InvalidRequest
from waypost.webhooks.delivery import DeliveryState
from waypost.webhooks.store import DeliveryQuery
from waypost.webhooks.webhooks import Webhooks

_PAGE = 50
_PAGE_MAX = 500
_STATES: tuple[DeliveryState, ...] = ("pending", "delivered", "dead")
_FOR_EVER = float(2**40)


class Redeliver(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries to send again."""

    state: Annotated[
        Literal["dead", "delivered"] | None, Meta(description="dead unless given: what was given up.")
    ] = None
    since: Annotated[
        str | None, Meta(description="Only events from this time on, RFC 3339, such as 2026-01-31T08:00:00Z.")
    ] = None
    until: Annotated[str | None, Meta(description="Only events before this time.")] = None


class DeliveriesApi:
    """The endpoints of deliveries."""

    def __init__(self, webhooks: Webhooks, bodies: BodyReader) -> None:
        self._webhooks = webhooks
        self._bodies = bodies
        self._redeliver = FieldsReader(Redeliver)

    def endpoints(self) -> Sequence[Endpoint]:
        """List, look at one, send again."""
        hook = f"{PATH}/{{webhook}}"
        one = f"{hook}/deliveries/{{delivery}}"
        return [
            Endpoint(
                method="GET",
                path=f"{hook}/deliveries",
                summary="List a webhook's deliveries, newest first",
                scope="manage",
                answer=self.list,
                tag=TAG,
                query=(
                    ("state", "Only these: pending, delivered or dead."),
                    ("event", "Only events of this name."),
                    ("chat", "Only events of this chat."),
                    ("cursor", "next_cursor of the page before."),
                    ("limit", f"Deliveries per page, 1 to {_PAGE_MAX}; {_PAGE} unless given."),
                ),
                result=DeliveryPage,
            ),
            Endpoint(
                method="GET",
                path=one,
                summary="Get a delivery with its attempts",
                scope="manage",
                answer=self.get,
                tag=TAG,
                result=DeliveryWithAttempts,
            ),
            Endpoint(
                method="POST",
                path=f"{one}/redeliver",
                summary="Send an event again, whatever became of it",
                scope="manage",
                answer=self.redeliver,
                tag=TAG,
                result=Redelivered,
            ),
            Endpoint(
                method="POST",
                path=f"{hook}/redeliver",
                summary="Send all dead letters of a webhook again, or what was delivered in a time",
                scope="manage",
                answer=self.redeliver_all,
                tag=TAG,
                fields=Redeliver,
                result=Redelivered,
            ),
        ]

    async def list(self, call: Call) -> Reply:
        """A page of deliveries."""
        limit = number(call.query("limit"), "limit", _PAGE, 1, _PAGE_MAX)
        query = DeliveryQuery(
            webhook_id=webhook_id(call),
            state=_state(call.query("state")),
            event=call.query("event"),
            chat=call.query("chat"),
            before=cursor(call.query("cursor")),
            limit=limit + 1,
        )
        found = await self._webhooks.deliveries(call.of.id, query)
        more = str(found[limit - 1].seq) if len(found) > limit else None
        return Reply(body={"data": [delivery_view(one) for one in found[:limit]], "next_cursor": more})

    async def get(self, call: Call) -> Reply:
        """One delivery."""
        delivery, log, content = await self._webhooks.delivery(call.of, webhook_id(call), _seq(call))
        return Reply(
            body={
                **delivery_view(delivery),
                "request_body": msgspec.Raw(content),
                "log": [attempt_view(one) for one in log],
            }
        )

    async def redeliver(self, call: Call) -> Reply:
        """Send one again."""
        await self._webhooks.redeliver(call.of.id, webhook_id(call), _seq(call))
        return Reply(body=Redelivered(message="The event is sent again.", count=1))

    async def redeliver_all(self, call: Call) -> Reply:
        """Send many again."""
        headers = call.http.headers
        body = await self._bodies.read(call.http.stream(), headers.get("content-type", ""), None, None)
        wanted = self._redeliver.read(body.fields)
        since = _time(wanted.since, "since", 0.0)
        until = _time(wanted.until, "until", _FOR_EVER)
        state = wanted.state or "dead"
        count = await self._webhooks.redeliver_all(call.of.id, webhook_id(call), state, since, until)
        return Reply(body=Redelivered(message="The events are sent again.", count=count))


def _seq(call: Call) -> int:
    seq = whole(str(call.http.path_params.get("delivery", "")))
    if seq is None:
        raise ApiError(DELIVERY_NOT_FOUND)
    return seq


def _state(text: str | None) -> DeliveryState | None:
    if text is None:
        return None
    for state in _STATES:
        if text == state:
            return state
    raise InvalidRequest({"state": [f"The state must be one of {', '.join(_STATES)}."]})


def _time(text: str | None, field: str, absent: float) -> float:
    if text is None:
        return absent
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is None:
            raise ValueError("no zone")
        return at.timestamp()
    except (ValueError, OverflowError):
        sentence = f"The {field} must be a time such as 2026-01-31T08:00:00Z."
        raise InvalidRequest({field: [sentence]}) from None
