"""How an instance stands, in words."""

from waypost.dashboard.standing import owner_of
from waypost.nodes.lease import Node


def node(id: str, name: str = "box", url: str = "http://127.0.0.1:8780") -> Node:
    return Node(node_id=id, name=name, url=url, started_at=1.0)


def test_nodes_of_one_machine_are_told_apart_by_their_addresses_or_their_ids() -> None:
    apart = {"shop": node("1" * 36), "mart": node("2" * 36, url="http://127.0.0.1:8781")}
    assert owner_of(apart, "shop") == "box, 127.0.0.1:8780"
    assert owner_of(apart, "mart") == "box, 127.0.0.1:8781"
    # Behind one public address, which each of them says is its own.
    public = "https://gateway.example"
    behind = {"shop": node("1" * 36, url=public), "mart": node("2" * 36, url=public)}
    assert owner_of(behind, "shop") == "box, gateway.example, 11111111"
    assert owner_of(behind, "mart") == "box, gateway.example, 22222222"


def test_who_holds_nothing_is_said_and_a_single_gateway_says_nothing() -> None:
    assert owner_of({}, "shop") == ""
    assert owner_of({"mart": node("1" * 36)}, "shop") == "no node just now"
