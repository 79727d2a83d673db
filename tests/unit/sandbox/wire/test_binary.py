import contextlib
import zlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from waypost.sandbox.wire import binary
from waypost.sandbox.wire.binary import MAX_DEPTH, MAX_INFLATED, MAX_NODES, decode, encode
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import SERVER_JID, Jid, Node
from waypost.sandbox.wire.tokens import tokens

_words = st.sampled_from(["iq", "id", "from", "w:profile:picture", "s.whatsapp.net", "media_conn", "pn_jid"])
_strings = st.one_of(
    _words,
    st.text(max_size=300),
    st.text("0123456789-.", max_size=140),
    st.text("0123456789ABCDEF", max_size=140),
)
_users = st.text("0123456789", min_size=1, max_size=18)
_jids = st.one_of(
    st.builds(Jid, _users, st.sampled_from(["s.whatsapp.net", "lid"]), st.integers(0, 255)),
    st.builds(Jid, _users, st.sampled_from(["hosted", "hosted.lid"]), st.integers(0, 255)),
    st.builds(Jid, st.text(max_size=20), st.sampled_from(["g.us", "broadcast", "newsletter"])),
    st.just(SERVER_JID),
)
_attrs = st.dictionaries(_strings, st.one_of(_strings, _jids), max_size=4)
_nodes = st.recursive(
    st.builds(Node, _strings, _attrs, st.one_of(st.none(), st.binary(max_size=400))),
    lambda inner: st.builds(Node, _strings, _attrs, st.lists(inner, min_size=1, max_size=4).map(tuple)),
    max_leaves=12,
)


@given(_nodes)
def test_any_node_survives_the_wire(node: Node) -> None:
    assert decode(encode(node)) == node


@given(_nodes)
def test_a_deflated_frame_reads_like_a_plain_one(node: Node) -> None:
    assert decode(b"\x02" + zlib.compress(encode(node)[1:])) == node


@given(st.binary(max_size=300))
def test_random_bytes_are_a_node_or_a_wire_error(frame: bytes) -> None:
    for flag in (b"", b"\x00", b"\x02", b"\x00\xf8\x02", b"\x00\xf8\x01"):
        with contextlib.suppress(WireError):
            decode(flag + frame)


@given(_nodes, st.data())
def test_a_damaged_frame_is_a_node_or_a_wire_error(node: Node, data: st.DataObject) -> None:
    frame = bytearray(encode(node))
    frame[data.draw(st.integers(0, len(frame) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(WireError):
        decode(bytes(frame))


@given(_nodes, st.data())
def test_a_frame_cut_short_is_a_wire_error(node: Node, data: st.DataObject) -> None:
    frame = encode(node)
    with pytest.raises(WireError):
        decode(frame[: data.draw(st.integers(0, len(frame) - 1))])


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("iq", "19"),  # entry 25 of the dictionary of single bytes
        ("read-self", "ec00"),  # entry 0 of the first dictionary of pairs
        ("12-3.", "ff8312a3bf"),
        ("1234", "ff021234"),
        ("3EB0F", "fb833eb0ff"),
        ("", "00"),
        ("é", "fc02c3a9"),
    ],
)
def test_a_string_takes_its_shortest_form(text: str, written: str) -> None:
    assert encode(Node(text)).hex() == "00f801" + written


def test_addresses_are_a_type_of_their_own() -> None:
    assert (
        encode(Node("iq", {"to": Jid("9123", "lid", 4)})).hex() == "00f80319" + "11" + "f70104" + "ff029123"
    )
    pair = encode(Node("iq", {"to": SERVER_JID}))
    assert pair.hex() == "00f80319" + "11" + "fa00" + "03"
    assert decode(pair).attrs["to"] == SERVER_JID
    assert decode(encode(Node("iq", {"to": "1@lid"}))).attrs["to"] == "1@lid"


def test_content_sizes_cross_each_length_form() -> None:
    for size in (0, 255, 256, (1 << 20) - 1, 1 << 20):
        assert decode(encode(Node("enc", {}, bytes(size)))).data == bytes(size)


def test_the_dictionary_is_whole_and_without_repeats() -> None:
    table = tokens()
    assert len(table.single) == 236
    assert [len(words) for words in table.double] == [256] * 4
    assert len(table.written) == 235 + 4 * 256


def test_a_zip_bomb_is_refused_before_it_is_unpacked() -> None:
    bomb = b"\x02" + zlib.compress(bytes(MAX_INFLATED + 1))
    with pytest.raises(WireError, match="too large"):
        decode(bomb)


def test_a_deep_stanza_is_refused() -> None:
    node = Node("a")
    for _ in range(MAX_DEPTH + 1):
        node = Node("a", {}, (node,))
    with pytest.raises(WireError, match="deep"):
        decode(encode(node))


def test_a_stanza_of_too_many_nodes_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    assert MAX_NODES > 812 * 3  # the largest upload of pre-keys
    monkeypatch.setattr(binary, "MAX_NODES", 10)
    decode(encode(Node("list", {}, (Node("key"),) * 9)))
    with pytest.raises(WireError, match="too many"):
        decode(encode(Node("list", {}, (Node("key"),) * 10)))


def test_bytes_after_a_node_are_refused() -> None:
    with pytest.raises(WireError, match="left"):
        decode(encode(Node("iq")) + b"\x00")


def test_a_node_that_the_format_cannot_hold_is_a_wire_error() -> None:
    for node in (
        Node("iq", {"to": Jid("1", "lid", 256)}),
        Node("iq", {"to": Jid("1", "g.us", 2)}),
        Node("list", {}, (Node("key"),) * 0x10000),
        Node("\ud800"),
    ):
        with pytest.raises(WireError):
            encode(node)
