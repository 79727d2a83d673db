import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import SERVER_JID, Jid, Node


@pytest.mark.parametrize(
    ("text", "jid"),
    [
        ("5511999990000@s.whatsapp.net", Jid("5511999990000", "s.whatsapp.net")),
        ("5511999990000:4@s.whatsapp.net", Jid("5511999990000", "s.whatsapp.net", 4)),
        ("99@lid", Jid("99", "lid")),
        ("120363-17@g.us", Jid("120363-17", "g.us")),
        ("s.whatsapp.net", SERVER_JID),
    ],
)
def test_an_address_is_read_and_written_alike(text: str, jid: Jid) -> None:
    assert Jid.parse(text) == jid
    assert str(jid) == text


@pytest.mark.parametrize(
    "text",
    ["", "@", "1@", "@lid", "1@2@lid", "1:@lid", "1:x@lid", "1:256@lid", "1:-1@lid", "1:²@lid", "1:0001@lid"],
)
def test_a_malformed_address_is_a_wire_error(text: str) -> None:
    with pytest.raises(WireError):
        Jid.parse(text)


@given(st.text())
def test_any_text_as_an_address_parses_or_is_a_wire_error(text: str) -> None:
    with contextlib.suppress(WireError):
        Jid.parse(text)


def test_devices_of_one_account_share_its_bare_address() -> None:
    device = Jid("99", "lid", 3)
    assert device.bare == Jid("99", "lid") == device.with_device(0)


def test_what_a_node_lacks_is_named() -> None:
    node = Node("iq", {"id": "1"}, (Node("a"), Node("b", {}, b"x"), Node("a", {"n": "2"})))
    assert [child.attr("n") for child in node.children("a")] == [None, "2"]
    assert node.need_child("b").data == b"x"
    assert node.path("b", "c") is None
    with pytest.raises(WireError, match="xmlns"):
        node.need("xmlns")
    with pytest.raises(WireError, match="from"):
        node.need_jid("from")
    with pytest.raises(WireError, match="<c>"):
        node.need_child("c")


def test_a_node_shows_no_content_in_its_repr() -> None:
    node = Node("enc", {"to": Jid("99", "lid")}, b"secret")
    assert repr(node) == "<enc to='99@lid'>[6 B]</enc>"


def test_a_node_shows_no_upload_token_in_its_repr() -> None:
    assert repr(Node("media_conn", {"auth": "secret", "ttl": "9"})) == "<media_conn auth='…' ttl='9'/>"


def test_a_node_shows_the_first_of_many_children_and_what_follows_them() -> None:
    keys = tuple(Node("key", {"id": str(number)}) for number in range(50))
    shown = repr(Node("list", {}, (*keys, Node("end"))))
    assert shown == "<list><key id='0'/><key id='1'/><key id='2'/>… 47 more <end/></list>"
