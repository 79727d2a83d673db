from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Final

from waypost.api.replies import Reply
from waypost.api.webhook_view import text_of
from waypost.dashboard.page import Page, Visit
from waypost.dashboard.parts import Parts
from waypost.dashboard.words import LOOKS
from waypost.errors import FetchError, InvalidRequest
from waypost.events import FURTHER, GIVEN
from waypost.webhooks.webhook import Webhook
from waypost.webhooks.webhooks import Wanted

_TESTS_PER_MINUTE: Final = 30
_REASONS: Final = {
    "disabled": "It is switched off.",
    "failing": "Nothing could be delivered for three days, so it was switched off. Switch it on when its "
    "receiver works again.",
}


class WebhookPages:
    """Where events of an instance go."""

    def __init__(self, parts: Parts) -> None:
        self._parts = parts
        self._webhooks = parts.webhooks

    def pages(self) -> list[Page]:
        """The list, a new one (its secrets shown once), testing, switching, deleting."""
        path = "/instances/{instance}/webhooks"
        one = f"{path}/{{webhook}}"
        return [
            Page(path=path, answer=self.list, title="Webhooks", nav="Webhooks", scope="manage"),
            _form(path, self.create),
            _form(f"{one}/test", self.test, _TESTS_PER_MINUTE),
            _form(f"{one}/switch", self.switch),
            Page(path=f"{one}/ask", answer=self.ask, title="Delete a webhook", scope="manage"),
            _form(f"{one}/delete", self.delete),
        ]

    async def list(self, visit: Visit) -> Reply:
        """The instance's webhooks."""
        return await self._shown(visit)

    async def _shown(
        self, visit: Visit, made: Webhook | None = None, errors: Mapping[str, Sequence[str]] | None = None
    ) -> Reply:
        found = await self._webhooks.of_instance(visit.of.id)
        chosen = visit.form.all("events") or sorted(GIVEN)
        return visit.show(
            "webhooks.html",
            status=422 if errors else 200,
            webhooks=[(one, look_of(one), _REASONS.get(one.reason, "")) for one in found],
            made=made,
            errors=errors or {},
            events=[(name, name in chosen) for name in sorted(GIVEN | FURTHER)],
        )

    async def create(self, visit: Visit) -> Reply:
        """Make one, and show its secrets this once."""
        wanted = Wanted(url=visit.form.get("url"), events=visit.form.all("events"))
        try:
            return await self._shown(visit, await self._webhooks.create(visit.of.id, wanted))
        except FetchError as wrong:
            return await self._shown(visit, errors={"url": [wrong.message]})
        except InvalidRequest as wrong:
            return await self._shown(visit, errors=wrong.errors)

    async def test(self, visit: Visit) -> Reply:
        """Post a test now, and show what came of it."""
        attempt = await self._webhooks.test(visit.of, visit.part("webhook"))
        return visit.show("_webhook_test.html", attempt=attempt, answer=text_of(attempt.answer))

    async def switch(self, visit: Visit) -> Reply:
        """On or off."""
        wanted = Wanted(enabled=visit.form.get("on") == "yes")
        await self._webhooks.change(visit.of.id, visit.part("webhook"), wanted, rotate=False)
        return visit.go(f"/instances/{visit.of.id}/webhooks/{visit.part('webhook')}")

    async def ask(self, visit: Visit) -> Reply:
        """Whether it is really meant."""
        webhook = await self._webhooks.get(visit.of.id, visit.part("webhook"))
        path = f"/instances/{visit.of.id}/webhooks"
        return visit.show(
            "ask.html",
            heading="Delete this webhook?",
            words=f"Nothing goes to {webhook.url} any more, and its deliveries are forgotten.",
            button="Delete",
            action=f"{path}/{webhook.id}/delete",
            back=f"{path}/{webhook.id}",
            hidden={},
            grave=True,
        )

    async def delete(self, visit: Visit) -> Reply:
        """Forget it with its deliveries."""
        await self._webhooks.delete(visit.of.id, visit.part("webhook"))
        return visit.go(f"/instances/{visit.of.id}/webhooks")


def look_of(webhook: Webhook) -> tuple[str, str]:
    """How a webhook looks, and in words."""
    if not webhook.enabled:
        return ("bad", "Switched off: failing") if webhook.reason == "failing" else ("idle", "Off")
    if webhook.failing_since is not None:
        return "bad", "Failing"
    return LOOKS["delivered"], "On"


def _form(path: str, answer: Callable[[Visit], Awaitable[Reply]], limit: int = 0) -> Page:
    return Page(method="POST", path=path, answer=answer, title="Webhooks", scope="manage", limit=limit)
