"""Messages to groups, and receipts within them.

A message brings one ciphertext for all (`skmsg`) and, for devices that may not have the sender's key yet, one
of their own that holds it; the server opens neither. Each device gets what is its own first, then what is for
all, in one stanza: its own tells the key to the rest. A message that a device asked for again comes to that
device alone.
"""

import hashlib
import sqlite3
from dataclasses import dataclass
from typing import Final

from waypost.sandbox.protocol import group_nodes
from waypost.sandbox.protocol.link import Owner
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.state import devices, groups, queue
from waypost.sandbox.state.groups import Group
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.node import Jid, Node

Touched = list[tuple[str, int]]
Device = tuple[str, int]

_FORBIDDEN: Final = 403
_NOT_FOUND: Final = 404


@dataclass(frozen=True, slots=True)
class Sender:
    """The device that writes to a group or confirms something there."""

    number: str
    lid: str
    device: int = 0
    push_name: str = ""


def store(
    rows: sqlite3.Connection, owner: Owner, push_name: str, message: Node, id: str, to: Jid, now: float
) -> Touched | int:
    """Queue a companion's message for each device it is for; the devices, none when it was known, or the code
    of an error."""
    group = groups.find(rows, to.user)
    if group is None:
        return _NOT_FOUND
    member = groups.member(rows, group.id, owner.number)
    if member is None or (group.announce and not member.is_admin):
        return _FORBIDDEN
    sender = Sender(owner.number, owner.lid, owner.device, push_name)
    again = message.jid("participant")
    own, shared = _ciphertexts(rows, message, again)
    if not queue.first_sight(rows, owner.number, owner.device, _attempt(id, message, again), now):
        return []
    return deliver(rows, group, sender, message, id, own, shared, now)


def deliver(
    rows: sqlite3.Connection,
    group: Group,
    sender: Sender,
    message: Node,
    id: str,
    own: dict[Device, tuple[Node, ...]],
    shared: tuple[Node, ...],
    now: float,
) -> Touched:
    """Queue a message for every device of every member but the one that sends, or, when nothing is shared,
    for those that something is for. Of `message` its attributes and its device-identity count."""
    touched: Touched = []
    for device in _devices(rows, group, sender):
        ciphertexts = (*own.get(device, ()), *shared)
        if ciphertexts:
            frame = binary.encode(_delivery(group, sender, message, id, ciphertexts, now))
            kind = message.attr("type") or "text"
            queue.put(rows, *device, "message", id, kind, frame, now)
            touched.append(device)
    return touched


def queue_receipt(
    rows: sqlite3.Connection,
    reader: Sender,
    type: str,
    id: str,
    chat: Jid,
    told: Jid,
    now: float,
    children: tuple[Node, ...] = (),
) -> Touched:
    """Queue a receipt for the member `told`: one device of it, or all. Children are copied, as in chats."""
    group, party = groups.find(rows, chat.user), party_of(rows, told)
    if group is None or party is None or groups.member(rows, group.id, reader.number) is None:
        return []
    attrs: dict[str, str | Jid] = {
        "from": chat,
        "id": id,
        "t": str(int(now)),
        **group_nodes.by(group, "participant", reader.number, reader.lid, reader.device),
    }
    if type:
        attrs["type"] = type
    frame = binary.encode(Node("receipt", attrs, children or None))
    wanted = (
        [told.device] if told.device else [0, *(row.device for row in devices.linked(rows, party.number))]
    )
    touched = [(party.number, one) for one in wanted if (party.number, one) != (reader.number, reader.device)]
    for number, device in touched:
        queue.put(rows, number, device, "receipt", id, type, frame, now)
    return touched


def _ciphertexts(
    rows: sqlite3.Connection, message: Node, again: Jid | None
) -> tuple[dict[Device, tuple[Node, ...]], tuple[Node, ...]]:
    """What is for one device each, and what is for all."""
    direct = tuple(message.children("enc"))
    own: dict[Device, tuple[Node, ...]] = {}
    if again is not None:
        party = party_of(rows, again)
        return ({} if party is None else {(party.number, again.device): direct}), ()
    fan_out = message.child("participants")
    for node in () if fan_out is None else fan_out.children("to"):
        jid = node.need_jid("jid")
        party = party_of(rows, jid)
        if party is not None:
            own[party.number, jid.device] = tuple(node.children("enc"))
    return own, direct


def _attempt(id: str, message: Node, again: Jid | None) -> str:
    """What tells a repeated frame from one that is sent again: its ciphertext."""
    digest = hashlib.sha256()
    for enc in message.children("enc"):
        digest.update(enc.data)
    return f"{id}/{again or ''}/{digest.hexdigest()[:32]}"


def _devices(rows: sqlite3.Connection, group: Group, sender: Sender) -> list[Device]:
    found = [
        (member.number, device)
        for member in groups.members(rows, group.id)
        for device in (0, *(row.device for row in devices.linked(rows, member.number)))
    ]
    return [device for device in found if device != (sender.number, sender.device)]


def _delivery(
    group: Group, sender: Sender, message: Node, id: str, ciphertexts: tuple[Node, ...], now: float
) -> Node:
    attrs: dict[str, str | Jid] = {
        "from": group_nodes.jid_of(group),
        "id": id,
        "t": str(int(now)),
        "type": message.attr("type") or "text",
        "addressing_mode": group.addressing,
        **group_nodes.by(group, "participant", sender.number, sender.lid, sender.device),
    }
    if sender.push_name:
        attrs["notify"] = sender.push_name
    if (edit := message.attr("edit")) is not None:
        attrs["edit"] = edit
    identity = message.child("device-identity")
    needed = identity is not None and any(enc.attr("type") == "pkmsg" for enc in ciphertexts)
    return Node("message", attrs, (*ciphertexts, *((identity,) if identity and needed else ())))
