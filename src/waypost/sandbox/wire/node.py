import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from .errors import WireError

PHONE_SERVER: Final = "s.whatsapp.net"
LID_SERVER: Final = "lid"
GROUP_SERVER: Final = "g.us"
MAX_DEVICE: Final = 255  # an AD-JID carries the device in one byte
_SHOWN: Final = 3
"""Children of one tag in a row that a log shows."""


@dataclass(frozen=True, slots=True)
class Jid:
    """An address: an account (`123@s.whatsapp.net`, `99@lid`), its device (`99:4@lid`), a group, a server.

    Device 0 is the account's phone and is not written. A server's address has no user.
    """

    user: str
    server: str
    device: int = 0

    @classmethod
    def parse(cls, text: str) -> "Jid":
        """Read `user:device@server`, `user@server` or `server`; anything else raises WireError."""
        head, at, server = text.rpartition("@")
        user, colon, device = head.partition(":")
        if not server or (at and not user) or "@" in user:
            raise WireError("An address is not of the form user:device@server.")
        if not colon:
            return cls(user, server)
        if not (device.isascii() and device.isdigit() and len(device) <= 3 and int(device) <= MAX_DEVICE):
            raise WireError("The device of an address is not a number up to 255.")
        return cls(user, server, int(device))

    @property
    def bare(self) -> "Jid":
        """The account that this device belongs to."""
        return self if self.device == 0 else Jid(self.user, self.server)

    def with_device(self, device: int) -> "Jid":
        """The same account's device of that number."""
        return Jid(self.user, self.server, device)

    def __str__(self) -> str:
        if not self.user:
            return self.server
        return f"{self.user}:{self.device}@{self.server}" if self.device else f"{self.user}@{self.server}"


SERVER_JID: Final = Jid("", PHONE_SERVER)


@dataclass(frozen=True, slots=True)
class Node:
    """A stanza or a part of one. Content is bytes, child nodes or nothing.

    A client checks types: an address in `attrs` has to be a Jid, everything else a string; text is content as
    bytes.
    """

    tag: str
    attrs: Mapping[str, str | Jid] = field(default_factory=dict)
    content: "bytes | tuple[Node, ...] | None" = None

    @property
    def nodes(self) -> "tuple[Node, ...]":
        """The child nodes; none when the content is bytes."""
        return self.content if isinstance(self.content, tuple) else ()

    @property
    def data(self) -> bytes:
        """The content as bytes; empty when it is absent or nodes."""
        return self.content if isinstance(self.content, bytes) else b""

    def child(self, tag: str) -> "Node | None":
        """The first child of that tag."""
        return next(self.children(tag), None)

    def children(self, tag: str) -> "Iterator[Node]":
        """All children of that tag, in order."""
        return (node for node in self.nodes if node.tag == tag)

    def path(self, *tags: str) -> "Node | None":
        """The node reached by taking the first child of each tag in turn."""
        node: Node | None = self
        for tag in tags:
            node = node.child(tag) if node is not None else None
        return node

    def attr(self, name: str) -> str | None:
        """An attribute as text, an address in its written form; None when absent."""
        value = self.attrs.get(name)
        return None if value is None else str(value)

    def jid(self, name: str) -> Jid | None:
        """An attribute as an address; text there is read as one, or raises WireError. None when absent."""
        value = self.attrs.get(name)
        return Jid.parse(value) if isinstance(value, str) else value

    def need(self, name: str) -> str:
        """Like `attr`; an absent attribute raises WireError."""
        value = self.attr(name)
        if value is None:
            raise WireError(f"A node <{self.tag}> lacks the attribute {name}.")
        return value

    def need_jid(self, name: str) -> Jid:
        """Like `jid`; an absent attribute raises WireError."""
        value = self.jid(name)
        if value is None:
            raise WireError(f"A node <{self.tag}> lacks the attribute {name}.")
        return value

    def need_child(self, tag: str) -> "Node":
        """Like `child`; an absent child raises WireError."""
        node = self.child(tag)
        if node is None:
            raise WireError(f"A node <{self.tag}> lacks the child <{tag}>.")
        return node

    def __repr__(self) -> str:
        # `auth` of media_conn is what uploads are let in with.
        shown = ((name, "…" if name == "auth" else str(value)) for name, value in self.attrs.items())
        attrs = "".join(f" {name}={value!r}" for name, value in shown)
        if self.content is None:
            return f"<{self.tag}{attrs}/>"
        # Content may be keys or ciphertext: its size is enough for a log.
        inner = f"[{len(self.content)} B]" if isinstance(self.content, bytes) else _shown(self.content)
        return f"<{self.tag}{attrs}>{inner}</{self.tag}>"


def _shown(nodes: tuple[Node, ...]) -> str:
    """Nodes for a log; of a run of one tag, such as the 50 keys of an upload, the first few."""
    runs = [list(run) for _, run in itertools.groupby(nodes, key=lambda node: node.tag)]
    return "".join(
        "".join(map(repr, run[:_SHOWN])) + (f"… {len(run) - _SHOWN} more " if len(run) > _SHOWN else "")
        for run in runs
    )
