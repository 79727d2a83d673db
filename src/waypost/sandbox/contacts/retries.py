"""What a retry receipt holds."""

import sqlite3

from waypost.sandbox.contacts import outgoing
from waypost.sandbox.protocol.prekeys import KEY_TYPE, key_nodes
from waypost.sandbox.signal.keys import Bundle
from waypost.sandbox.state import bundles, inbox
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.curve import KEY_SIZE, Randomness
from waypost.sandbox.wire.node import Jid, Node


def asked(
    rows: sqlite3.Connection, party: Party, node: Node, origin: Jid, now: float, randomness: Randomness
) -> tuple[Node, ...] | None:
    """The children of the receipt that asks `origin` for a message again, with a bundle from the second time
    on; None when it was asked often enough."""
    id = node.need("id")
    times = inbox.count_retry(rows, party.number, id, str(origin))
    if times > outgoing.MAX_RETRIES:
        return None
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
    return tuple(children)


def bundle_in(receipt: Node) -> Bundle | None:
    """The bundle that a retry receipt brings."""
    keys = receipt.child("keys")
    if keys is None:
        return None
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
