"""Webhooks as the API knows them: made, changed, deleted, tried; their deliveries shown and sent again."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

import msgspec

from waypost.clock import Clock
from waypost.errors import (
    DELIVERY_NOT_FOUND,
    WEBHOOK_NOT_FOUND,
    WEBHOOKS_FULL,
    ApiError,
)
from waypost.instances.instance import Instance
from waypost.net.poster import Poster
from waypost.webhooks.body import body
from waypost.webhooks.courier import Courier
from waypost.webhooks.delivery import Attempt, Delivery, DeliveryState
from waypost.webhooks.journal import Entry
from waypost.webhooks.store import DeliveryQuery, DeliveryStore, WebhookStore
from waypost.webhooks.webhook import (
    Webhook,
    checked_events,
    checked_headers,
    checked_secret,
    checked_signing_secret,
    new_secret,
    new_signing_secret,
    new_webhook_id,
)

MOST_OF_INSTANCE: Final = 20
# How long signatures by the key before are sent beside those by the new one.
ROTATION_SECONDS: Final = 86_400.0
# Rows of a bulk redelivery per transaction.
_CHUNK: Final = 500
_TEST_EVENT: Final = "webhook.test"


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What somebody chose for a webhook; None leaves it as it is, or as it is by default."""

    url: str | None = None
    events: Sequence[str] | None = None
    secret: str | None = None
    signing_secret: str | None = None
    headers: Mapping[str, str] | None = None
    user_id: str | None = None
    enabled: bool | None = None


class Webhooks:
    """The webhooks of all instances."""

    def __init__(
        self,
        store: WebhookStore,
        deliveries: DeliveryStore,
        poster: Poster,
        courier: Courier,
        changed: Callable[[], None],
        clock: Clock,
    ) -> None:
        """`changed` is told after each change, so that it counts at once."""
        self._store = store
        self._deliveries = deliveries
        self._poster = poster
        self._courier = courier
        self._changed = changed
        self._clock = clock

    async def check(self, url: str) -> None:
        """Raises FetchError for a URL that can't be one of a webhook."""
        await self._poster.check(url)

    async def create(self, instance_id: str, wanted: Wanted) -> Webhook:
        """Make a webhook; `url` is there. Raises FetchError, InvalidRequest, ApiError(WEBHOOKS_FULL)."""
        webhook = Webhook(
            id=new_webhook_id(),
            instance_id=instance_id,
            url=wanted.url or "",
            events=checked_events(wanted.events),
            secret=new_secret() if wanted.secret is None else checked_secret(wanted.secret),
            signing_secret=new_signing_secret()
            if wanted.signing_secret is None
            else checked_signing_secret(wanted.signing_secret),
            headers=checked_headers(wanted.headers or {}),
            user_id=wanted.user_id or instance_id,
            enabled=wanted.enabled is not False,
            reason="disabled" if wanted.enabled is False else "",
            created_at=self._clock.now(),
        )
        await self.check(webhook.url)
        if not await self._store.add(webhook, MOST_OF_INSTANCE):
            raise ApiError(WEBHOOKS_FULL)
        self._changed()
        return webhook

    async def of_instance(self, instance_id: str) -> list[Webhook]:
        """The instance's webhooks, oldest first."""
        return await self._store.of_instance(instance_id)

    async def get(self, instance_id: str, webhook_id: str) -> Webhook:
        """The webhook with that id. Raises ApiError(WEBHOOK_NOT_FOUND)."""
        webhook = await self._store.get(instance_id, webhook_id)
        if webhook is None:
            raise ApiError(WEBHOOK_NOT_FOUND)
        return webhook

    async def change(self, instance_id: str, webhook_id: str, wanted: Wanted, *, rotate: bool) -> Webhook:
        """Change what is named; with `rotate` there is a new signing key. Raises like `create`."""
        await self.get(instance_id, webhook_id)
        changes, key = _changes(wanted), _key(wanted, rotate)
        if wanted.url is not None:
            await self.check(wanted.url)
        old_until = self._clock.now() + ROTATION_SECONDS

        def changed(webhook: Webhook) -> Webhook:
            if key is not None:
                old = webhook.signing_secret
                webhook = msgspec.structs.replace(
                    webhook, signing_secret=key, old_signing_secret=old, old_until=old_until
                )
            return msgspec.structs.replace(webhook, **changes)

        webhook = await self._store.change(instance_id, webhook_id, changed)
        if webhook is None:
            raise ApiError(WEBHOOK_NOT_FOUND)
        self._changed()
        return webhook

    async def delete(self, instance_id: str, webhook_id: str) -> None:
        """Forget a webhook with its deliveries. Raises ApiError(WEBHOOK_NOT_FOUND)."""
        if not await self._store.delete(instance_id, webhook_id):
            raise ApiError(WEBHOOK_NOT_FOUND)
        self._changed()

    async def test(self, instance: Instance, webhook_id: str) -> Attempt:
        """Post an event of no meaning once, now, past the line."""
        webhook = await self.get(instance.id, webhook_id)
        now = self._clock.now()
        entry = Entry(
            seq=0,
            id=f"evt_test_{new_webhook_id()[4:]}",
            instance_id=instance.id,
            name=_TEST_EVENT,
            at=now,
            payload=msgspec.Raw(b'{"text":"This is a test of the webhook."}'),
        )
        box = self._courier.mailbox(webhook, 1)
        try:
            return await self._courier.bring(entry, webhook, box)
        finally:
            await box.close()

    async def deliveries(self, instance_id: str, query: DeliveryQuery) -> list[Delivery]:
        """Deliveries of a webhook, newest first."""
        await self.get(instance_id, query.webhook_id)
        return await self._deliveries.page(query)

    async def delivery(
        self, instance: Instance, webhook_id: str, seq: int
    ) -> tuple[Delivery, list[Attempt], bytes]:
        """A delivery, its attempts, and what is sent. Raises ApiError."""
        webhook = await self.get(instance.id, webhook_id)
        found = await self._deliveries.get(webhook_id, seq)
        if found is None:
            raise ApiError(DELIVERY_NOT_FOUND)
        return *found, body(found[0].entry, instance, webhook.user_id)

    async def redeliver(self, instance_id: str, webhook_id: str, seq: int) -> None:
        """Set a delivery out again, whatever became of it. Raises ApiError."""
        await self.get(instance_id, webhook_id)
        if await self._deliveries.redeliver(webhook_id, [seq]) == 0:
            raise ApiError(DELIVERY_NOT_FOUND)
        self._changed()

    async def redeliver_all(
        self, instance_id: str, webhook_id: str, state: DeliveryState, since: float, until: float
    ) -> int:
        """Set out again what is in that state and was made between those times; how many."""
        await self.get(instance_id, webhook_id)
        # What comes or is delivered meanwhile is not set out (a second time): it goes by `seq`.
        until = min(until, self._clock.now())
        total, after, seqs = 0, 0, [0]
        while seqs:
            seqs = await self._deliveries.redeliver_all(webhook_id, state, since, until, after, _CHUNK)
            total, after = total + len(seqs), max(seqs, default=after)
            self._changed()
        return total


def _changes(wanted: Wanted) -> dict[str, object]:
    """What is another one afterwards, but for keys. Raises InvalidRequest."""
    changes: dict[str, object] = {}
    if wanted.url is not None:
        changes["url"] = wanted.url
    if wanted.events is not None:
        changes["events"] = checked_events(wanted.events)
    if wanted.secret is not None:
        changes["secret"] = checked_secret(wanted.secret)
    if wanted.headers is not None:
        changes["headers"] = checked_headers(wanted.headers)
    if wanted.user_id is not None:
        changes["user_id"] = wanted.user_id
    if wanted.enabled is not None:
        changes |= {"enabled": wanted.enabled, "reason": "" if wanted.enabled else "disabled"}
        changes |= {"failing_since": None} if wanted.enabled else {}
    return changes


def _key(wanted: Wanted, rotate: bool) -> str | None:
    """A new signing key, where one is wanted. Raises InvalidRequest."""
    if wanted.signing_secret is not None:
        return checked_signing_secret(wanted.signing_secret)
    return new_signing_secret() if rotate else None
