from collections.abc import AsyncIterator, Sequence
from typing import Literal, Protocol

import msgspec

NoticeKind = Literal[
    "missed",
    "requests",
    "cancelled",
    "receipt",
    "leases",
    "instances",
    "condition",
    "order",
    "ordered",
    "events",
]


class Notice(msgspec.Struct, frozen=True):
    """Word to all nodes that something in the database has changed. It only saves waiting: whoever hears
    none looks from time to time.

    missed      notices may have been lost (a new connection): look at everything again
    requests    there are requests of the instance that were accepted, or are tried again, elsewhere
    cancelled   the request `subject` of the instance was called off
    receipt     a receipt came that the request `subject` of the instance waits for
    leases      leases have become free
    instances   the instance was created, changed or deleted
    condition   the instance's condition or QR code is another
    order       an order for the instance was placed
    ordered     the order `subject` was carried out
    events      events of the instance were stored by another node than the one that passes them on; without
                an instance: webhooks are others, or what is owed to them
    """

    kind: NoticeKind
    instance_id: str = ""
    subject: str = ""


class Notices(Protocol):
    """Brings word from node to node. Those about requests, leases, instances, conditions and orders are
    published by their stores, in the commit that they are about.
    """

    def listen(self) -> AsyncIterator[Notice]:
        """Every notice from now on, one's own included; the first is `missed`, and so is the first after
        each interruption. Goes on until it is closed."""
        ...

    async def publish(self, notices: Sequence[Notice]) -> None:
        """Tell all nodes. Raises StorageError."""
        ...
