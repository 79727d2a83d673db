from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from waypost.webhooks.delivery import Attempt, Delivery, DeliveryState
from waypost.webhooks.webhook import Webhook


class WebhookStore(Protocol):
    """Where webhooks are kept. Changes are told to the node that delivers. Everything raises StorageError."""

    async def add(self, webhook: Webhook, most: int) -> bool:
        """Keep a new webhook; False when the instance has `most` already."""
        ...

    async def of_instance(self, instance_id: str) -> list[Webhook]:
        """The instance's webhooks, oldest first."""
        ...

    async def get(self, instance_id: str, webhook_id: str) -> Webhook | None:
        """The webhook with that id."""
        ...

    async def change(
        self, instance_id: str, webhook_id: str, how: Callable[[Webhook], Webhook]
    ) -> Webhook | None:
        """Replace what an operator may choose with what `how` makes of it, while nobody else changes it; the
        webhook then, None when it is gone. `how` may be called more than once, in another thread."""
        ...

    async def delete(self, instance_id: str, webhook_id: str) -> bool:
        """Forget a webhook with its deliveries; False when there was none."""
        ...


class DeliveryQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which deliveries of a webhook to list, newest first; `before` is the `seq` of the last one seen."""

    webhook_id: str
    state: DeliveryState | None = None
    event: str | None = None
    chat: str | None = None
    before: int | None = None
    limit: int = 50


class DeliveryStore(Protocol):
    """Where deliveries are kept. Everything raises StorageError."""

    async def enabled(self) -> list[Webhook]:
        """All webhooks that are enabled."""
        ...

    async def owing(self) -> frozenset[str]:
        """The ids of the enabled webhooks to which deliveries are pending."""
        ...

    async def upcoming(self, webhook_id: str, without: Sequence[str], limit: int) -> list[Delivery]:
        """The first pending deliveries of a webhook by `seq`, those of the chats `without` left out."""
        ...

    async def delivered(self, delivery: Delivery, attempt: Attempt) -> None:
        """The receiver took it: pending → delivered."""
        ...

    async def postponed(self, delivery: Delivery, attempt: Attempt, next_attempt_at: float) -> None:
        """It is tried again then."""
        ...

    async def given_up(self, delivery: Delivery, attempt: Attempt, disable_since: float) -> bool:
        """pending → dead. A webhook that has failed since `disable_since` is disabled, its other pending
        deliveries are dead letters too, and an event tells of it in the same commit; True then.
        """
        ...

    async def recovered(self, webhook_id: str) -> None:
        """Its receiver is there again after many failures: what waits for its time is due."""
        ...

    async def page(self, query: DeliveryQuery) -> list[Delivery]:
        """Deliveries of a webhook, newest first."""
        ...

    async def get(self, webhook_id: str, seq: int) -> tuple[Delivery, list[Attempt]] | None:
        """A delivery with its attempts, oldest first."""
        ...

    async def redeliver(self, webhook_id: str, seqs: Sequence[int]) -> int:
        """Set these out again, whatever became of them; how many there are."""
        ...

    async def redeliver_all(
        self, webhook_id: str, state: DeliveryState, since: float, until: float, after: int, limit: int
    ) -> list[int]:
        """Set out again what is in that state and was made between those times, the first `limit` behind the
        `seq` `after`; the `seq` of each.
        """
        ...
