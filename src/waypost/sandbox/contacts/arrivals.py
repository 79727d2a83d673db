"""What arrives at a device 0: messages are decrypted and kept, receipts noted, retry receipts answered.

All of it happens in one transaction per stanza: a crash leaves the stanza queued or fully handled.
"""

import sqlite3

from waypost.sandbox.contacts import (
    content,
    group_arrivals,
    group_sending,
    keeping,
    outgoing,
    phone_state,
    retries,
    sessions,
)
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.signal.errors import Reason, SignalError
from waypost.sandbox.state import inbox, parties, queue
from waypost.sandbox.state.parties import Party
from waypost.sandbox.state.queue import Waiting
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.node import GROUP_SERVER, Node
from waypost.sandbox.wire.proto.message_pb2 import Message, ProtocolMessage

Touched = list[tuple[str, int]]
_STATUS = {"": "delivered", "inactive": "delivered", "read": "read", "played": "played"}


def handle(rows: sqlite3.Connection, network: Network, waiting: Waiting, now: float, silent: bool) -> Touched:
    """Handle one stanza and remove it; `silent` owes no receipts. Returns the devices that something waits
    for now."""
    queue.remove(rows, waiting.seq)
    party = parties.find(rows, waiting.number)
    if party is None:
        return []
    node, randomness = binary.decode(waiting.frame), network.randomness
    if waiting.kind == "message" and node.need_jid("from").server == GROUP_SERVER:
        return group_arrivals.message(rows, party, node, now, randomness, silent)
    if waiting.kind == "message":
        if party.kind == "phone" and node.attr("category") == "peer":
            return _peer_message(rows, network, party, node, now)
        return _message(rows, party, node, now, randomness, silent)
    if waiting.kind == "receipt":
        return _receipt(rows, party, node, now, randomness)
    if waiting.kind == "notification" and party.kind == "phone":
        return _notification(rows, network, party, node, now)
    return []


def _notification(
    rows: sqlite3.Connection, network: Network, party: Party, node: Node, now: float
) -> Touched:
    """The server told a phone of its own account: a companion is new, or has written app state."""
    if node.attr("type") == "server_sync":
        phone_state.read(rows, network, party)
    if node.attr("type") == "devices" and (added := node.path("add", "device")) is not None:
        return phone_state.welcome(rows, network, party, added.need_jid("jid").device, now)
    return []


def _peer_message(
    rows: sqlite3.Connection, network: Network, party: Party, node: Node, now: float
) -> Touched:
    """A companion speaks to its phone: it lacks the key of app state."""
    origin = node.need_jid("from")
    enc, peer = node.need_child("enc"), sessions.peer_of(party.lid, origin.device)
    try:
        raw = sessions.open_message(rows, party, peer, enc.attr("type"), enc.data, network.randomness)
        message = content.unwrapped(content.parse(raw))
    except SignalError:
        return _ask_again(rows, party, node, now, network.randomness)
    told = outgoing.receipt(rows, party, "peer_msg", node.need("id"), origin, now)
    if message.protocol.type != ProtocolMessage.APP_STATE_SYNC_KEY_REQUEST:
        return told
    return told + phone_state.share_key(rows, network, party, origin.device, now)


def _message(
    rows: sqlite3.Connection, party: Party, node: Node, now: float, randomness: Randomness, silent: bool
) -> Touched:
    origin, id = node.need_jid("from"), node.need("id")
    sender = party_of(rows, origin)
    if sender is None:
        return []
    peer = sessions.peer_of(sender.lid, origin.device)
    enc = node.need_child("enc")
    try:
        raw = sessions.open_message(rows, party, peer, enc.attr("type"), enc.data, randomness)
        message = content.parse(raw)
    except SignalError as error:
        if error.reason is Reason.DUPLICATE:
            inbox.again(rows, party.number, sender.number, id)
            return []
        return [] if silent else _ask_again(rows, party, node, now, randomness)
    if sender.number == party.number:
        return [] if silent else _own_copy(rows, party, node, message, now)
    if party.kind == "phone":
        return outgoing.receipt(rows, party, "", id, origin, now)
    keeping.keep(rows, party, sender, origin, id, raw, now, silent)
    return []


def _own_copy(rows: sqlite3.Connection, party: Party, node: Node, message: Message, now: float) -> Touched:
    """A phone saw what its companion sent: it says so by a `sender` receipt."""
    if not message.HasField("device_sent"):
        return []
    chat = node.jid("recipient")
    return outgoing.receipt(
        rows, party, "sender", node.need("id"), node.need_jid("from"), now, recipient=chat
    )


def _ask_again(
    rows: sqlite3.Connection, party: Party, node: Node, now: float, randomness: Randomness
) -> Touched:
    """The retry receipt for a message that did not decrypt."""
    origin = node.need_jid("from")
    children = retries.asked(rows, party, node, origin, now, randomness)
    if children is None:
        return []
    return outgoing.receipt(rows, party, "retry", node.need("id"), origin, now, children=children)


def _receipt(
    rows: sqlite3.Connection, party: Party, node: Node, now: float, randomness: Randomness
) -> Touched:
    type, first = node.attr("type") or "", node.need("id")
    if type == "retry" and node.need_jid("from").server == GROUP_SERVER:
        return group_sending.again(rows, party, node, now, randomness)
    if type == "retry":
        return _send_again(rows, party, node, now, randomness)
    status = _STATUS.get(type)
    listed = node.child("list")
    more = [] if listed is None else [item.need("id") for item in listed.children("item")]
    for id in [first, *more] if status is not None else []:
        inbox.progress(rows, party.number, id, status or "sent")
    return []


def _send_again(
    rows: sqlite3.Connection, party: Party, node: Node, now: float, randomness: Randomness
) -> Touched:
    origin, id = node.need_jid("from"), node.need("id")
    sent, peer = inbox.find_sent(rows, party.number, id), party_of(rows, origin)
    if sent is None or peer is None:
        return []
    bundle = retries.bundle_in(node)
    sealed = sessions.seal(
        rows, party, peer, origin.device, sent.plaintext, randomness, bundle=bundle, fresh=True
    )
    if sealed is None:
        return []
    outgoing.put_message(rows, party, peer, origin.device, id, sent.plaintext, sealed, now)
    return [(peer.number, origin.device)]
