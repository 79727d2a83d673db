"""Messages from a device: stored for each device they are for, acked, then sent on.

The ack follows the commit. A frame that a client repeats after a reconnect is acked again and goes no
further.
"""

import asyncio
import hashlib
import sqlite3
from dataclasses import dataclass

from waypost.sandbox.protocol import group_messages
from waypost.sandbox.protocol.link import Link, Owner
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.state import devices, parties, profiles, queue
from waypost.sandbox.state.parties import Party
from waypost.sandbox.views import NewFailure
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import GROUP_SERVER, LID_SERVER, PHONE_SERVER, Jid, Node

_BAD_REQUEST = 400
_NOT_FOUND = 404


@dataclass(frozen=True, slots=True)
class Sender:
    """The device that a message comes from, and the name shown with it."""

    owner: Owner
    push_name: str


async def take(network: Network, link: Link, message: Node) -> None:
    """Store, ack and forward one message."""
    owner = link.device
    id, to = message.need("id"), message.need_jid("to")
    if await _drops(network, link, "before"):
        return
    refused = await network.failures.take(
        "refuse_message", phone=owner.number, device=owner.device, contact=await _refused_by(network, to)
    )
    error = None if refused is None else refused.code or 463
    if error is None:
        error = await _accept(network, Sender(owner, link.payload.push_name), message, id, to)
    if await _drops(network, link, "after"):
        return
    attrs = {"error": str(error)} if error is not None else {}
    ack = _ack(message, to, str(int(network.clock.now())), attrs)
    withheld = await network.failures.take("withhold_ack", phone=owner.number, device=owner.device)
    if withheld is None:
        await link.send(ack)
    elif withheld.seconds is not None:
        link.spawn(_later(link, ack, withheld))


async def _refused_by(network: Network, to: Jid) -> str | None:
    """The recipient's number, where some failure asks for it."""
    if not network.failures.tell_contacts_apart("refuse_message"):
        return None
    party = await network.store.run(lambda rows: party_of(rows, to))
    return None if party is None else party.number


async def _accept(network: Network, sender: Sender, message: Node, id: str, to: Jid) -> int | None:
    now = network.clock.now()
    try:
        outcome = await network.store.run(lambda rows: _store(rows, sender, message, id, to, now))
    except WireError as error:
        # A client waits 75 s for an ack that does not come.
        network.note(None, "note", f"bad message: {error}")
        return _BAD_REQUEST
    if outcome == _NOT_FOUND and to.server != GROUP_SERVER:
        known = (
            f"; `waypost sandbox contacts add +{to.user}` makes it known" if to.server == PHONE_SERVER else ""
        )
        network.note(None, "note", f"a message to {to}, who is not on this network{known}")
    if isinstance(outcome, int):
        return outcome
    network.counts["messages" if outcome else "repeated_messages"] += 1
    network.wake(outcome)
    return None


def _store(
    rows: sqlite3.Connection, sender: Sender, message: Node, id: str, to: Jid, now: float
) -> list[tuple[str, int]] | int:
    if to.server == GROUP_SERVER:
        return group_messages.store(rows, sender.owner, sender.push_name, message, id, to, now)
    return store(rows, sender, message, id, to, now)


def store(
    rows: sqlite3.Connection, sender: Sender, message: Node, id: str, to: Jid, now: float
) -> list[tuple[str, int]] | int:
    """Queue a message for each device it is for; the devices, none when it was known, or the code of an
    error."""
    owner = sender.owner
    direct = tuple(message.children("enc"))
    fan_out = message.child("participants")
    targets = (
        [(node.need_jid("jid"), tuple(node.children("enc"))) for node in fan_out.children("to")]
        if fan_out
        else []
    )
    # A device that could not decrypt gets the message again under its old id: by itself, or, when it is a
    # phone, from Baileys with all the others. What tells that from a repeated frame is the ciphertext.
    attempt = f"{id}/{to}/{direct[0].attr('count')}" if direct else f"{id}/{_digest(targets)}"
    recipient = party_of(rows, to)
    if recipient is None:
        return _NOT_FOUND
    own = parties.find(rows, owner.number)
    sender = Sender(owner, own.name if own is not None and own.name else sender.push_name)
    if not queue.first_sight(rows, owner.number, owner.device, attempt, now):
        return []
    if direct:
        targets.append((to, direct))
    touched: list[tuple[str, int]] = []
    for jid, ciphertexts in targets:
        party = party_of(rows, jid)
        if party is None or not _exists(rows, party, jid.device):
            continue
        if profiles.blocks(rows, party.number, owner.number):
            continue
        node = _delivery(sender, message, id, to, jid, ciphertexts, now)
        kind = message.attr("type") or "text"
        queue.put(rows, party.number, jid.device, "message", id, kind, binary.encode(node), now)
        touched.append((party.number, jid.device))
    return touched


def _digest(targets: list[tuple[Jid, tuple[Node, ...]]]) -> str:
    digest = hashlib.sha256()
    for _, ciphertexts in targets:
        for ciphertext in ciphertexts:
            digest.update(ciphertext.data)
    return digest.hexdigest()[:32]


def _exists(rows: sqlite3.Connection, party: Party, device: int) -> bool:
    if device == 0:
        return True
    row = devices.find(rows, party.number, device)
    return row is not None and row.unlinked_at is None


def _delivery(
    sender: Sender, message: Node, id: str, chat: Jid, target: Jid, ciphertexts: tuple[Node, ...], now: float
) -> Node:
    owner = sender.owner
    attrs: dict[str, str | Jid] = {
        "from": owner.jid(target.server),
        "id": id,
        "t": str(int(now)),
        "type": message.attr("type") or "text",
    }
    if sender.push_name:
        attrs["notify"] = sender.push_name
    for name in ("edit", "category"):
        if (value := message.attr(name)) is not None:
            attrs[name] = value
    if owner.owns(target):
        attrs["recipient"] = chat.bare
        if (number := message.jid("peer_recipient_pn")) is not None:
            attrs["peer_recipient_pn"] = number
    elif target.server == LID_SERVER:
        attrs["sender_pn"] = Jid(owner.number, PHONE_SERVER)
    else:
        attrs["sender_lid"] = Jid(owner.lid, LID_SERVER)
    content = list(ciphertexts)
    identity = message.child("device-identity")
    if identity is not None and any(enc.attr("type") == "pkmsg" for enc in ciphertexts):
        content.append(identity)
    return Node("message", attrs, tuple(content))


def _ack(message: Node, to: Jid, now: str, more: dict[str, str]) -> Node:
    attrs: dict[str, str | Jid] = {"class": "message", "id": message.need("id"), "from": to, "t": now, **more}
    return Node("ack", attrs)


async def _drops(network: Network, link: Link, when: str) -> bool:
    owner = link.device
    rule = await network.failures.take("drop_connection", phone=owner.number, device=owner.device, when=when)
    if rule is not None:
        link.drop()
    return rule is not None


async def _later(link: Link, ack: Node, withheld: NewFailure) -> None:
    await asyncio.sleep(withheld.seconds or 0.0)
    await link.send(ack)
