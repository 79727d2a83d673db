from typing import Final

import msgspec

from waypost.api.replies import Reply
from waypost.api.webhook_view import text_of
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.dashboard.webhook_pages import look_of
from waypost.dashboard.words import LOOKS
from waypost.errors import DELIVERY_NOT_FOUND, ApiError
from waypost.webhooks.delivery import DeliveryState
from waypost.webhooks.store import DeliveryQuery

_PAGE: Final = 30
_STATES: Final[dict[str, DeliveryState]] = {"pending": "pending", "delivered": "delivered", "dead": "dead"}
_CHOICES: Final = (("", "All"), ("pending", "On the way"), ("delivered", "Delivered"), ("dead", "Given up"))
_FOR_EVER: Final = float(2**40)


class DeliveryPages:
    """One webhook: what became of each event, and sending again."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._webhooks = parts.webhooks

    def pages(self) -> list[Page]:
        """A webhook with its deliveries, one delivery with its attempts, and sending again."""
        one = "/instances/{instance}/webhooks/{webhook}"
        delivery = f"{one}/deliveries/{{delivery}}"
        again, again_one = f"{one}/again", f"{delivery}/again"
        return [
            Page(path=one, answer=self.one, title="Webhook", scope="manage"),
            Page(path=f"{one}/rows", answer=self.rows, scope="manage"),
            Page(method="POST", path=again, answer=self.again, title="Webhook", scope="manage"),
            Page(path=delivery, answer=self.delivery, title="Delivery", scope="manage"),
            Page(method="POST", path=again_one, answer=self.again_one, title="Delivery", scope="manage"),
        ]

    async def one(self, visit: Visit) -> Reply:
        """A webhook with its deliveries, newest first."""
        return await self._shown(visit, "webhook.html")

    async def rows(self, visit: Visit) -> Reply:
        """The deliveries alone."""
        return await self._shown(visit, "_deliveries.html")

    async def _shown(self, visit: Visit, template: str) -> Reply:
        webhook = await self._webhooks.get(visit.of.id, visit.part("webhook"))
        state, event, before = visit.query("state"), visit.query("event"), visit.query("before")
        query = DeliveryQuery(
            webhook_id=webhook.id,
            state=_STATES.get(state),
            event=event or None,
            before=_seq(before) if before else None,
            limit=_PAGE + 1,
        )
        found = await self._webhooks.deliveries(visit.of.id, query)
        filters = {"state": state, "event": event}
        return visit.show(
            template,
            webhook=webhook,
            look=look_of(webhook),
            rows=[(one, LOOKS[one.state]) for one in found[:_PAGE]],
            older=found[_PAGE - 1].seq if len(found) > _PAGE else None,
            filters=filters,
            filtered=any(filters.values()),
            choices=_CHOICES,
        )

    async def again(self, visit: Visit) -> Reply:
        """Send all that was given up again."""
        webhook_id = visit.part("webhook")
        await self._webhooks.redeliver_all(visit.of.id, webhook_id, "dead", 0.0, _FOR_EVER)
        return visit.go(f"/instances/{visit.of.id}/webhooks/{webhook_id}")

    async def delivery(self, visit: Visit) -> Reply:
        """One delivery with its attempts and what is sent."""
        seq = _seq(visit.part("delivery"))
        found, attempts, content = await self._webhooks.delivery(visit.of, visit.part("webhook"), seq)
        return visit.show(
            "delivery.html",
            webhook_id=visit.part("webhook"),
            delivery=found,
            look=LOOKS[found.state],
            attempts=[(one, text_of(one.answer)) for one in reversed(attempts)],
            content=msgspec.json.format(content, indent=2).decode(),
        )

    async def again_one(self, visit: Visit) -> Reply:
        """Send one again, whatever became of it."""
        webhook_id, seq = visit.part("webhook"), _seq(visit.part("delivery"))
        await self._webhooks.redeliver(visit.of.id, webhook_id, seq)
        return visit.go(f"/instances/{visit.of.id}/webhooks/{webhook_id}/deliveries/{seq}")


def _seq(text: str) -> int:
    if not (text.isascii() and text.isdecimal() and len(text) < 19):
        raise ApiError(DELIVERY_NOT_FOUND)
    return int(text)
