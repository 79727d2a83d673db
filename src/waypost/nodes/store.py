from collections.abc import Sequence
from typing import Protocol

from waypost.nodes.lease import Census, Node, Tenure


class LeaseStore(Protocol):
    """The leases, one per instance, made and deleted with it.

    All times are the database's own clock; `ttl` is in seconds. Every method raises StorageError; then it is
    not known whether the change was made.
    """

    async def renew(self, node: Node, ttl: float) -> list[Tenure]:
        """Say that `node` is alive, and hold what it holds for another `ttl`; what comes back is still its.

        A lease that has expired is not renewed: whoever claims it, this node too, begins a new epoch. The
        first call makes the node known; one that was forgotten meanwhile is known again.
        """
        ...

    async def claim(self, node_id: str, ttl: float, limit: int) -> list[Tenure]:
        """Take up to `limit` leases that are free or expired, those that have been for longest first.

        Each begins a new epoch. Rows that another node is claiming right now are passed over.
        """
        ...

    async def free(self, node_id: str, tenures: Sequence[Tenure]) -> None:
        """Give up leases; one that is no longer this node's in that epoch stays as it is.

        Published as `leases` with the same commit.
        """
        ...

    async def leave(self, node_id: str) -> None:
        """Forget the node, and give up whatever it still holds."""
        ...

    async def census(self, within: float) -> Census:
        """The nodes that were seen in the last `within` seconds, and their leases that have not expired."""
        ...

    async def owners(self) -> dict[str, Node]:
        """The nodes that hold instances now, by instance id."""
        ...
