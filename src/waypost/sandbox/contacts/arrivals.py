"""What arrives at a device 0: messages are decrypted and kept, receipts noted, retry receipts answered.

All of it happens in one transaction per stanza: a crash leaves the stanza queued or fully handled.
"""

import sqlite3

from waypost.sandbox.contacts import attachments, content, outgoing, sessions
from waypost.sandbox.protocol.prekeys import KEY_TYPE, key_nodes
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.signal.errors import Reason, SignalError
from waypost.sandbox.signal.keys import Bundle
from waypost.sandbox.state import bundles, inbox, parties, queue
from waypost.sandbox.state.parties import Party
from waypost.sandbox.state.queue import Waiting
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.curve import KEY_SIZE, Randomness
from waypost.sandbox.wire.node import LID_SERVER, Jid, Node
from waypost.sandbox.wire.proto.message_pb2 import Message

Touched = list[tuple[str, int]]
_STATUS = {"": "delivered", "inactive": "delivered", "read": "read", "played": "played"}


def handle(
    rows: sqlite3.Connection, waiting: Waiting, now: float, randomness: Randomness, silent: bool
) -> Touched:
    """Handle one stanza and remove it; `silent` owes no receipts. Returns the devices that something waits
    for now."""
    queue.remove(rows, waiting.seq)
    party = parties.find(rows, waiting.number)
    if party is None:
        return []
    node = binary.decode(waiting.frame)
    if waiting.kind == "message":
        return _message(rows, party, node, now, randomness, silent)
    if waiting.kind == "receipt":
        return _receipt(rows, party, node, now, randomness)
    return []


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
    return _keep(rows, party, sender, node, raw, message, now, silent)


def _keep(
    rows: sqlite3.Connection,
    party: Party,
    sender: Party,
    node: Node,
    raw: bytes,
    message: Message,
    now: float,
    silent: bool,
) -> Touched:
    origin, id = node.need_jid("from"), node.need("id")
    inner = content.unwrapped(message)
    media = "none" if attachments.media_of(inner) is None else "pending"
    device = Jid(sender.lid, LID_SERVER, origin.device)
    first = inbox.put(rows, party.number, sender.number, str(device), id, raw, media, now)
    if silent or not first:
        return []
    delays = [("delivered", party.delivered_after), ("read", party.read_after)]
    if content.type_of(inner) == "audio":
        delays.append(("played", party.played_after))
    for type, delay in delays:
        if delay is not None:
            inbox.owe(rows, now + delay, party.number, type, id, str(origin))
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
    """The retry receipt for a message that did not decrypt; from the second one on it brings a bundle."""
    origin, id = node.need_jid("from"), node.need("id")
    times = inbox.count_retry(rows, party.number, id, str(origin))
    if times > outgoing.MAX_RETRIES:
        return []
    attrs: dict[str, str | Jid] = {
        "count": str(times),
        "id": id,
        "t": node.attr("t") or str(int(now)),
        "v": "1",
    }
    children = [Node("retry", attrs), Node("registration", {}, party.registration_id.to_bytes(4))]
    if times > 1:
        bundle = bundles.of_party(rows, party, randomness)
        keys = (Node("type", {}, KEY_TYPE), Node("identity", {}, bundle.identity), *key_nodes(bundle))
        children.append(Node("keys", {}, keys))
    return outgoing.receipt(rows, party, "retry", id, origin, now, children=tuple(children))


def _receipt(
    rows: sqlite3.Connection, party: Party, node: Node, now: float, randomness: Randomness
) -> Touched:
    type, first = node.attr("type") or "", node.need("id")
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
    keys = node.child("keys")
    bundle = None if keys is None else _bundle(keys, node)
    sealed = sessions.seal(
        rows, party, peer, origin.device, sent.plaintext, randomness, bundle=bundle, fresh=True
    )
    if sealed is None:
        return []
    outgoing.put_message(rows, party, peer, origin.device, id, sent.plaintext, sealed, now)
    return [(peer.number, origin.device)]


def _bundle(keys: Node, receipt: Node) -> Bundle:
    signed, one_time = keys.need_child("skey"), keys.child("key")
    identity = keys.need_child("identity").data
    return Bundle(
        registration_id=int.from_bytes(receipt.need_child("registration").data),
        identity=identity[-KEY_SIZE:],
        signed_prekey_id=int.from_bytes(signed.need_child("id").data),
        signed_prekey=signed.need_child("value").data,
        signature=signed.need_child("signature").data,
        prekey_id=None if one_time is None else int.from_bytes(one_time.need_child("id").data),
        prekey=None if one_time is None else one_time.need_child("value").data,
    )
