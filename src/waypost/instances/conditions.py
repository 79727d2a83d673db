"""What the node that holds an instance knows of it, written down so that every node can answer."""

from typing import Protocol

import msgspec

from waypost.engine.port import QrCode
from waypost.instances.instance import Condition
from waypost.nodes.lease import Tenure


class Shown(msgspec.Struct, frozen=True, kw_only=True):
    """An instance as its holder sees it; `held` while that node's lease is valid."""

    instance_id: str
    condition: Condition
    code: QrCode | None = None
    held: bool = True


class ConditionStore(Protocol):
    """Where conditions are kept, one per instance."""

    async def put(self, tenure: Tenure, condition: Condition, code: QrCode | None) -> bool:
        """Keep how the instance is now; False when a later epoch has told already, or the instance is gone.

        Published as `condition` with the same commit.
        """
        ...

    async def get(self, instance_id: str) -> Shown | None:
        """How the instance is, once any holder has told."""
        ...

    async def all(self) -> list[Shown]:
        """How every instance is whose holder has told."""
        ...
