from waypost.nodes.lease import Census


def share(census: Census, node_id: str) -> int:
    """How many leases a node should hold: all of them, spread evenly over the nodes that stay.

    Where they can't be spread evenly, those that hold more already keep one more, so that nothing moves
    without need. Every node that sees the same census comes to the same result. A node that is not in it, or
    is about to end, has no share.
    """
    staying = [load for load in census.nodes if not load.node.draining]
    staying.sort(key=lambda load: (-load.held, load.node.node_id))
    places = [load.node.node_id for load in staying]
    if node_id not in places:
        return 0
    each, rest = divmod(census.leases, len(places))
    return each + (places.index(node_id) < rest)
