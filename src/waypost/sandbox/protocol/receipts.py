"""Receipts and acks of devices: they empty the device's queue, and receipts travel on to the message's
sender."""

import sqlite3
from typing import Final

from waypost.sandbox.protocol.group_messages import Sender, queue_receipt
from waypost.sandbox.protocol.link import Link, Owner
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.state import devices, queue
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.node import GROUP_SERVER, Jid, Node

_SELF: Final = {
    # What a companion says of somebody's messages, and what the account's other companions are told.
    "read": "read-self",
    "read-self": "read-self",
    "played": "played-self",
    "played-self": "played-self",
}


async def take(network: Network, link: Link, receipt: Node) -> None:
    """Confirm what it is about, ack it, and forward it."""
    owner = link.device
    id, to = receipt.need("id"), receipt.need_jid("to")
    now, sent = network.clock.now(), link.sent
    touched = await network.store.run(lambda rows: store(rows, owner, receipt, id, to, sent, now))
    if receipt.attr("type") == "retry":
        link.retried.append(id)
    attrs: dict[str, str | Jid] = {"class": "receipt", "id": id, "from": to, "t": str(int(now))}
    for name in ("type", "participant"):
        if name in receipt.attrs:
            attrs[name] = receipt.attrs[name]
    await link.send(Node("ack", attrs))
    network.counts["receipts"] += 1
    network.wake(touched)


async def confirm(network: Network, link: Link, ack: Node) -> None:
    """Remove what a client acked from its queue."""
    owner, sent = link.device, link.sent
    kind, id, type = ack.need("class"), ack.need("id"), ack.attr("type")
    if kind == "message" and id in link.retried:
        # It says again what the retry receipt said; meanwhile the message may wait anew, under the same id.
        # Baileys sends it 250 ms after the receipt, with error=500.
        link.retried.remove(id)
        return
    # A message's type is the sender's word for its content; the client's ack does not repeat it.
    wanted = None if kind == "message" else type or ""
    await network.store.run(
        lambda rows: queue.confirm(rows, owner.number, owner.device, kind, id, sent, wanted)
    )


def store(
    rows: sqlite3.Connection, owner: Owner, receipt: Node, id: str, to: Jid, sent: int, now: float
) -> list[tuple[str, int]]:
    """Empty the reader's queue and queue the receipt for the devices it is for; returns these."""
    for message in _ids(receipt, id):
        queue.confirm(rows, owner.number, owner.device, "message", message, sent)
    if to.server == GROUP_SERVER:
        return _in_group(rows, owner, receipt, id, to, now)
    party = party_of(rows, to)
    if party is None:
        return []
    type = receipt.attr("type") or ""
    # In the chat with oneself, "read" goes to the own devices as it is.
    elsewhere = type in _SELF and not (owner.owns(to) and type not in _SELF.values())
    own_devices = _read_elsewhere(rows, owner, receipt, id, to, now) if elsewhere else []
    if type in _SELF.values():
        return own_devices  # the account hides from others what it has read
    attrs: dict[str, str | Jid] = {"from": owner.jid(to.server), "id": id, "t": str(int(now))}
    if type:
        attrs["type"] = type
    if (recipient := receipt.jid("recipient")) is not None:
        attrs["recipient"] = recipient
    # Children are copied: a retry receipt carries what the sender needs to encrypt again.
    frame = binary.encode(Node("receipt", attrs, receipt.content))
    targets = [to.device] if to.device else [0, *(row.device for row in devices.linked(rows, party.number))]
    own = {owner.device} if owner.owns(to) else set()
    touched = [(party.number, device) for device in targets if device not in own]
    for number, device in touched:
        queue.put(rows, number, device, "receipt", id, type, frame, now)
    return touched + own_devices


def _read_elsewhere(
    rows: sqlite3.Connection, owner: Owner, receipt: Node, id: str, chat: Jid, now: float
) -> list[tuple[str, int]]:
    """Tell the account's other companions what this one has read or heard."""
    type = _SELF[receipt.attr("type") or ""]
    attrs: dict[str, str | Jid] = {"from": owner.jid(chat.server), "recipient": chat.bare, "type": type}
    told = Node("receipt", {**attrs, "id": id, "t": str(int(now))}, receipt.content)
    frame = binary.encode(told)
    others = [row.device for row in devices.linked(rows, owner.number) if row.device != owner.device]
    for device in others:
        queue.put(rows, owner.number, device, "receipt", id, type, frame, now)
    return [(owner.number, device) for device in others]


def _in_group(
    rows: sqlite3.Connection, owner: Owner, receipt: Node, id: str, chat: Jid, now: float
) -> list[tuple[str, int]]:
    """Tell the member that the receipt is for, whose messages these are: a device of it, or all."""
    told = receipt.jid("participant")
    if told is None:
        return []
    reader, type = Sender(owner.number, owner.lid, owner.device), receipt.attr("type") or ""
    return queue_receipt(rows, reader, type, id, chat, told, now, receipt.nodes)


def _ids(receipt: Node, first: str) -> list[str]:
    listed = receipt.child("list")
    more = [] if listed is None else [item.need("id") for item in listed.children("item")]
    return [first, *more]
