"""JIDs as text on our side, as a protobuf on the library's."""

from typing import Any

from neonize.proto import Neonize_pb2 as proto

NUMBERS = "s.whatsapp.net"
LIDS = "lid"
_LONGEST_ID = 256


def to_proto(text: str) -> bytes:
    """`user@server` (or a bare phone number) as the library's JID; a device part is dropped."""
    user, _, server = text.partition("@")
    user = user.partition(":")[0].partition(".")[0]
    jid = proto.JID(User=user, Server=server or NUMBERS, Device=0, RawAgent=0, Integrator=0, IsEmpty=False)
    return bytes(jid.SerializeToString())


def to_text(jid: Any) -> str | None:
    """`user@server` without the device; None for an empty one."""
    return f"{text_of(jid.User)}@{text_of(jid.Server)}" if jid.User and jid.Server else None


def text_of(value: str | bytes) -> str:
    """A text of the library. Where a peer sent bytes that are no UTF-8, Go passes them on and Python's
    protobuf gives bytes; NUL, which PostgreSQL has no place for, is left out."""
    text = value if isinstance(value, str) else value.decode("utf-8", "replace")
    return text.replace("\0", "")


def id_of(value: str | bytes) -> str:
    """An id that a peer chose. One that is longer than any phone's is cut: no index has place for it."""
    return text_of(value)[:_LONGEST_ID]


def with_device(jid: Any) -> str | None:
    """`user:device@server`, the form that a session store keeps its own JID in."""
    if not jid.User:
        return None
    return f"{jid.User}:{jid.Device}@{jid.Server}" if jid.Device else f"{jid.User}@{jid.Server}"
