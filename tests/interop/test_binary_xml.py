"""Our binary XML against Baileys': what either writes, the other reads as the same node."""

import asyncio
import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fuzz.stanzas import STANZAS
from hypothesis import given, settings
from hypothesis import strategies as st

from waypost.sandbox.wire import binary
from waypost.sandbox.wire.node import SERVER_JID, Jid, Node
from waypost.sandbox.wire.tokens import tokens
from waypost.testing.baileys.install import install

ROOT = Path(__file__).parents[2]
EXAMPLES = 300

_words = st.sampled_from(sorted(tokens().written))
_strings = st.one_of(
    _words,
    st.text("0123456789-.", min_size=1, max_size=140),
    st.text("0123456789ABCDEF", min_size=1, max_size=140),
    # Baileys takes whatever has an @ for an address.
    st.text(max_size=300).filter(lambda text: "@" not in text),
)
_tags = _strings.filter(bool)
_users = st.text("0123456789", min_size=1, max_size=18)
_jids = st.one_of(
    st.builds(Jid, _users, st.sampled_from(["s.whatsapp.net", "lid"]), st.integers(0, 99)),
    st.builds(Jid, _users, st.sampled_from(["g.us", "broadcast", "newsletter"])),
)
# An object of JavaScript can't have every key.
_names = _tags.filter(lambda name: name != "__proto__")
_attrs = st.dictionaries(_names, st.one_of(_strings, _jids), max_size=4)
_nodes = st.recursive(
    st.builds(Node, _tags, _attrs, st.one_of(st.none(), st.binary(max_size=300))),
    lambda inner: st.builds(Node, _tags, _attrs, st.lists(inner, min_size=1, max_size=4).map(tuple)),
    max_leaves=10,
)


class Codec:
    """Baileys' encoder and decoder in a Node of their own."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process

    def encode(self, node: Node) -> bytes:
        return base64.b64decode(self._ask(encode=shown(node))["frame"])

    def decode(self, frame: bytes) -> dict[str, Any]:
        found: dict[str, Any] = self._ask(decode=base64.b64encode(frame).decode())["node"]
        return found

    def _ask(self, **question: Any) -> dict[str, Any]:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps(question) + "\n")
        self._process.stdin.flush()
        answer: dict[str, Any] = json.loads(self._process.stdout.readline())
        assert "error" not in answer, answer
        return answer


def written(value: str | Jid) -> str:
    """An attribute as Baileys writes it: the address of a server keeps its @."""
    return f"@{value.server}" if isinstance(value, Jid) and not value.user else str(value)


def shown(node: Node) -> dict[str, Any]:
    """A node as both sides know it: addresses are texts to Baileys."""
    content: Any = None
    if isinstance(node.content, bytes):
        content = base64.b64encode(node.content).decode()
    elif node.content is not None:
        content = [shown(child) for child in node.content]
    return {
        "tag": node.tag,
        "attrs": {name: written(value) for name, value in node.attrs.items()},
        "content": content,
    }


@pytest.fixture(scope="module")
def codec() -> Iterator[Codec]:
    baileys = asyncio.run(install(ROOT / ".interop" / "baileys"))
    program = [*baileys.node.node, str(Path(__file__).with_name("codec.mjs")), str(baileys.modules)]
    with subprocess.Popen(
        program, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, encoding="utf-8"
    ) as process:
        yield Codec(process)
        assert process.stdin is not None
        process.stdin.close()


@pytest.mark.parametrize("stanza", STANZAS, ids=lambda stanza: stanza.tag)
def test_the_stanzas_of_a_session_read_the_same_on_both_sides(codec: Codec, stanza: Node) -> None:
    assert codec.decode(binary.encode(stanza)) == shown(stanza)
    assert shown(binary.decode(codec.encode(stanza))) == shown(stanza)


@settings(max_examples=EXAMPLES, deadline=None)
@given(_nodes)
def test_what_we_write_baileys_reads(codec: Codec, node: Node) -> None:
    assert codec.decode(binary.encode(node)) == shown(node)


@settings(max_examples=EXAMPLES, deadline=None)
@given(_nodes)
def test_what_baileys_writes_we_read(codec: Codec, node: Node) -> None:
    assert shown(binary.decode(codec.encode(node))) == shown(node)


def test_sizes_cross_each_form_of_a_length(codec: Codec) -> None:
    for size in (0, 255, 256, (1 << 20) - 1, 1 << 20):
        node = Node("enc", {"to": SERVER_JID}, bytes(size))
        assert codec.decode(binary.encode(node)) == shown(node)
        assert shown(binary.decode(codec.encode(node))) == shown(node)
    wide = Node("list", {}, tuple(Node("user") for _ in range(300)))
    assert codec.decode(binary.encode(wide)) == shown(wide)
    assert shown(binary.decode(codec.encode(wide))) == shown(wide)
