from fuzz.stanzas import STANZAS
from fuzz.target import Target
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.errors import WireError


def check(data: bytes) -> None:
    """What is read can be written, and reads the same."""
    try:
        node = binary.decode(data)
    except WireError:
        return
    repr(node)
    again = binary.encode(node)
    assert binary.decode(again) == node
    assert binary.encode(binary.decode(again)) == again


TARGET = Target(
    promise="bytes are a node or a WireError; a node that was read is written and reads the same",
    check=check,
    seeds=lambda: [binary.encode(stanza) for stanza in STANZAS],
)
