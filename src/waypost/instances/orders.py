"""What somebody asked of an instance at a node that does not hold it: written down for the node that does."""

from collections.abc import Sequence
from typing import Literal, Protocol

import msgspec

OrderKind = Literal["pair", "pair_by_code", "restart", "logout", "delete", "ask"]
"""The last is a question to the session (see `asking`)."""


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """One order. `id` is a UUID, `made_at` seconds since the epoch; `payload` is what an `ask` asks."""

    id: str
    instance_id: str
    kind: OrderKind
    made_at: float
    payload: bytes | None = None


class Done(msgspec.Struct, frozen=True):
    """An order that was carried out; `error_code` is of the table of errors, None when it went well. `result`
    is what an `ask` was answered."""

    error_code: str | None
    result: bytes | None = None


class OrderStore(Protocol):
    """Where orders are kept. They outlive their instance by an hour or more, so that who placed one learns of
    its end.
    """

    async def place(self, order: Order) -> None:
        """Keep an order. Published as `order` with the same commit. Raises StorageError."""
        ...

    async def open(self, instance_ids: Sequence[str]) -> list[Order]:
        """The orders for these instances that are not done, oldest first."""
        ...

    async def done(self, order_id: str, error_code: str | None, result: bytes | None = None) -> None:
        """Note the end of an order; no-op when it is noted. Published as `ordered` with the same commit."""
        ...

    async def outcome(self, order_id: str) -> Done | None:
        """How the order ended, once it has."""
        ...

    async def remove(self, order_id: str) -> None:
        """Remove an order whose answer was taken: nobody needs it any more."""
        ...

    async def forget(self, before: float) -> None:
        """Remove orders that were made before then (seconds since the epoch), done or not."""
        ...
