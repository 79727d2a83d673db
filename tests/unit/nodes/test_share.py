import pytest

from waypost.nodes.lease import Census, Load, Node
from waypost.nodes.share import share


def census(leases: int, held: dict[str, int], draining: str = "") -> Census:
    nodes = [
        Load(Node(node_id=name, name=name, url="", started_at=0.0, draining=name == draining), count)
        for name, count in held.items()
    ]
    return Census(leases, nodes)


@pytest.mark.parametrize("leases", [0, 1, 2, 3, 7, 10, 11])
@pytest.mark.parametrize(
    "held", [{"a": 0}, {"a": 3, "b": 0}, {"a": 2, "b": 5, "c": 0}, {"a": 1, "b": 1, "c": 1}]
)
def test_shares_differ_by_one_at_most_and_make_up_the_whole(leases: int, held: dict[str, int]) -> None:
    seen = census(leases, held)
    shares = [share(seen, name) for name in held]
    assert sum(shares) == leases
    assert max(shares) - min(shares) <= 1


def test_who_holds_more_already_keeps_the_odd_one() -> None:
    seen = census(5, {"a": 1, "b": 2, "c": 2})
    assert [share(seen, name) for name in "abc"] == [1, 2, 2]


def test_who_is_about_to_end_has_no_share() -> None:
    seen = census(4, {"a": 2, "b": 2}, draining="b")
    assert (share(seen, "a"), share(seen, "b")) == (4, 0)


def test_who_was_not_seen_has_no_share() -> None:
    assert share(census(4, {"a": 2}), "z") == 0
    assert share(census(4, {}), "z") == 0
