import msgspec


class Tenure(msgspec.Struct, frozen=True):
    """What a node acts under: it held the lease on an instance when that was in this epoch.

    Each new holder has a higher epoch than the one before, so that a change which carries an old one is
    refused.
    """

    instance_id: str
    epoch: int


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """A gateway process. `node_id` is new at each start; `url` is where an operator reaches it.

    `draining` once it is about to end: it takes no lease any more and counts for no share.
    """

    node_id: str
    name: str
    url: str
    started_at: float
    draining: bool = False


class Load(msgspec.Struct, frozen=True):
    """A node that is alive or was a moment ago, how many leases it holds, and for how many seconds it has
    been silent.
    """

    node: Node
    held: int
    silent: float = 0.0


class Census(msgspec.Struct, frozen=True):
    """Everyone who is alive, by node id, and how many leases there are, held or not.

    `next_end`: in how many seconds the first of those that are held runs out, if nobody renews it.
    """

    leases: int
    nodes: list[Load]
    next_end: float | None = None
