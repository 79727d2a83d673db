"""Which handler a stanza goes to."""

from waypost.sandbox.protocol import chatstates, iq, messages, presence, receipts
from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.wire.node import Node

_QUIET = frozenset({"ib", "notification", "call", "stream:error"})
"""Stanzas that need no answer."""


async def take(network: Network, link: Link, node: Node) -> None:
    """Handle one stanza of a client; WaypostError when it makes no sense."""
    if node.tag == "iq":
        await iq.take(network, link, node)
    elif node.tag in _QUIET:
        return
    elif link.owner is None:
        network.note(link, "note", f"<{node.tag}> from a device that is not linked")
    elif node.tag == "presence":
        await presence.take(network, link, node)
    elif node.tag == "chatstate":
        await chatstates.forward(network, link, node)
    elif node.tag == "message":
        await messages.take(network, link, node)
    elif node.tag == "receipt":
        await receipts.take(network, link, node)
    elif node.tag == "ack":
        await receipts.confirm(network, link, node)
    else:
        network.counts["unknown_requests"] += 1
        network.note(link, "note", f"unknown stanza <{node.tag}>")
        network.log.warning("sandbox.unknown_stanza", tag=node.tag)
