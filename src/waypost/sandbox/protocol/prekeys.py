"""Signal pre-keys: what devices upload and what others fetch to open a session."""

import hashlib
import sqlite3
from collections.abc import Callable
from typing import Final

from waypost.sandbox.protocol.link import Link, Owner
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.refusal import Refusal
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.signal.keys import Bundle
from waypost.sandbox.state import bundles, devices, queue
from waypost.sandbox.state.devices import PreKey
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import SERVER_JID, Jid, Node

KEY_TYPE: Final = b"\x05"
_LOW: Final = 5
"""Pre-keys left at which a device is asked for more."""


async def get(network: Network, link: Link, request: Node) -> tuple[Node, ...]:
    """`count`, `digest` or `key` of the namespace `encrypt`."""
    owner = link.device
    if request.child("count") is not None:
        count = await network.store.run(lambda rows: _count(rows, owner, network.settings.first_prekey_count))
        return (Node("count", {"value": str(count)}),)
    if request.child("digest") is not None:
        return (await network.store.run(lambda rows: _digest(rows, owner)),)
    wanted = tuple(request.need_child("key").children("user"))
    now = network.clock.now()
    touched: list[tuple[str, int]] = []
    answers = await network.store.run(lambda rows: _fetch(rows, wanted, network, now, touched.append))
    network.wake(touched)
    return (Node("list", {}, answers),)


async def put(network: Network, link: Link, request: Node) -> tuple[Node, ...]:
    """An upload of pre-keys, or the replacement of the signed one."""
    owner = link.device
    if (rotate := request.child("rotate")) is not None:
        signed, signature = _signed(rotate.need_child("skey"))
        await network.store.run(
            lambda rows: devices.set_signed(rows, owner.number, owner.device, signed, signature)
        )
        return ()
    signed, signature = _signed(request.need_child("skey"))
    keys = [_key(node) for node in request.need_child("list").children("key")]
    identity = request.need_child("identity").data
    registration = request.need_child("registration").data
    if len(identity) != 32 or len(registration) != 4:
        raise WireError("An identity key has not 32 bytes, or a registration id not 4.")

    def store(rows: sqlite3.Connection) -> None:
        devices.set_registration(rows, owner.number, owner.device, int.from_bytes(registration), identity)
        devices.set_signed(rows, owner.number, owner.device, signed, signature)
        devices.add_prekeys(rows, owner.number, owner.device, keys)

    await network.store.run(store)
    return ()


def bundle_nodes(bundle: Bundle) -> tuple[Node, ...]:
    """A bundle as it travels in the answer to `key`."""
    return (
        Node("registration", {}, bundle.registration_id.to_bytes(4)),
        Node("type", {}, KEY_TYPE),
        Node("identity", {}, bundle.identity),
        *key_nodes(bundle),
    )


def key_nodes(bundle: Bundle) -> tuple[Node, ...]:
    """The signed pre-key and the one-time pre-key, if there is one."""
    signed = (
        Node("id", {}, bundle.signed_prekey_id.to_bytes(3)),
        Node("value", {}, bundle.signed_prekey),
        Node("signature", {}, bundle.signature),
    )
    if bundle.prekey_id is None or bundle.prekey is None:
        return (Node("skey", {}, signed),)
    key = (Node("id", {}, bundle.prekey_id.to_bytes(3)), Node("value", {}, bundle.prekey))
    return (Node("skey", {}, signed), Node("key", {}, key))


def _count(rows: sqlite3.Connection, owner: Owner, first: int) -> int:
    # A device that has just been linked has uploaded nothing; see SandboxSettings.first_prekey_count.
    return devices.count_prekeys(rows, owner.number, owner.device) or first


def _digest(rows: sqlite3.Connection, owner: Owner) -> Node:
    device = devices.find(rows, owner.number, owner.device)
    if device is None:
        raise Refusal(404, "item-not-found")
    ids = devices.prekey_ids(rows, owner.number, owner.device)
    bundle = Bundle(
        device.registration_id,
        device.identity,
        device.signed_id,
        device.signed_public,
        device.signed_signature,
    )
    listed = Node("list", {}, tuple(Node("id", {}, id.to_bytes(3)) for id in ids))
    # Clients check that the hash is there, not what it is.
    digest = Node("hash", {}, hashlib.sha256(device.signed_public).digest()[:20])
    return Node("digest", {}, (*bundle_nodes(bundle), listed, digest))


def _fetch(
    rows: sqlite3.Connection,
    wanted: tuple[Node, ...],
    network: Network,
    now: float,
    touch: Callable[[tuple[str, int]], None],
) -> tuple[Node, ...]:
    answers: list[Node] = []
    for user in wanted:
        jid = user.need_jid("jid")
        party = party_of(rows, jid)
        bundle = None if party is None else bundles.take(rows, party, jid.device, network.randomness)
        if party is None or bundle is None:
            error = Node("error", {"code": "404", "text": "item-not-found"})
            answers.append(Node("user", {"jid": jid}, (error,)))
            continue
        answers.append(Node("user", {"jid": jid, "t": str(int(now))}, bundle_nodes(bundle)))
        if jid.device and _ask_for_more(rows, party.number, jid, network, now):
            touch((party.number, jid.device))
    return tuple(answers)


def _ask_for_more(rows: sqlite3.Connection, number: str, jid: Jid, network: Network, now: float) -> bool:
    left = devices.count_prekeys(rows, number, jid.device)
    if left != _LOW:
        return False
    id = network.request_id()
    attrs: dict[str, str | Jid] = {"from": SERVER_JID, "type": "encrypt", "id": id, "t": str(int(now))}
    frame = binary.encode(Node("notification", attrs, (Node("count", {"value": str(left)}),)))
    queue.put(rows, number, jid.device, "notification", id, "encrypt", frame, now)
    return True


def _key(node: Node) -> PreKey:
    id, value = node.need_child("id").data, node.need_child("value").data
    if len(id) != 3 or len(value) != 32:
        raise WireError("A pre-key has not an id of 3 and a value of 32 bytes.")
    return PreKey(int.from_bytes(id), value)


def _signed(node: Node) -> tuple[PreKey, bytes]:
    signature = node.need_child("signature").data
    if len(signature) != 64:
        raise WireError("The signature of a pre-key has not 64 bytes.")
    return _key(node), signature
