"""Stanzas of a device 0, put into the queues of the devices that they are for."""

import sqlite3
from typing import Final

from waypost.sandbox.contacts import content
from waypost.sandbox.protocol.group_messages import Sender, queue_receipt
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.signal.cipher import Sealed
from waypost.sandbox.state import devices, inbox, queue
from waypost.sandbox.state.inbox import Due
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.node import LID_SERVER, PHONE_SERVER, Jid, Node
from waypost.sandbox.wire.proto.message_pb2 import ProtocolMessage

Touched = list[tuple[str, int]]

_TYPES: Final = {"reaction": "reaction", "poll": "poll", "poll_update": "poll"}
MAX_RETRIES: Final = 5
"""Retry receipts for one message, as clients limit them."""
_RECEIPT: Final = {"delivered": "", "read": "read", "played": "played"}


def receipt(
    rows: sqlite3.Connection,
    party: Party,
    type: str,
    id: str,
    to: Jid,
    now: float,
    *,
    recipient: Jid | None = None,
    children: tuple[Node, ...] = (),
) -> Touched:
    """Queue a receipt from `party` for a device, or for all companions of a bare address."""
    target = party_of(rows, to)
    if target is None:
        return []
    own = party.lid if to.server == LID_SERVER else party.number
    attrs: dict[str, str | Jid] = {"from": Jid(own, to.server), "id": id, "t": str(int(now))}
    if type:
        attrs["type"] = type
    if recipient is not None:
        attrs["recipient"] = recipient
    frame = binary.encode(Node("receipt", attrs, children or None))
    wanted = [to.device] if to.device else [row.device for row in devices.linked(rows, target.number)]
    for device in wanted:
        queue.put(rows, target.number, device, "receipt", id, type, frame, now)
    return [(target.number, device) for device in wanted]


def pay(rows: sqlite3.Connection, party: Party, due: Due, now: float) -> Touched:
    """Queue a receipt that a contact owes. Delivery is told to the sending device, reading to all of the
    account's."""
    origin = Jid.parse(due.recipient)
    if due.type == "played":
        received = inbox.find(rows, party.number, due.message_id)
        if received is None or received.media not in ("ok", "pending"):
            return []
    to = origin if due.type == "delivered" else origin.bare
    if due.chat:
        me, chat = Sender(party.number, party.lid), Jid.parse(due.chat)
        return queue_receipt(rows, me, _RECEIPT[due.type], due.message_id, chat, to, now)
    return receipt(rows, party, _RECEIPT[due.type], due.message_id, to, now)


def put_message(
    rows: sqlite3.Connection,
    party: Party,
    recipient: Party,
    device: int,
    id: str,
    plaintext: bytes,
    sealed: Sealed,
    now: float,
) -> None:
    """Queue a message that was sealed for one device of `recipient`."""
    type, media = kind_of(plaintext)
    attrs: dict[str, str | Jid] = {
        **edit_of(plaintext),
        "from": Jid(party.lid, LID_SERVER),
        "sender_pn": Jid(party.number, PHONE_SERVER),
        "id": id,
        "t": str(int(now)),
        "type": type,
        "notify": party.name or party.number,
    }
    enc = Node("enc", {"v": "2", "type": sealed.kind, **media}, sealed.body)
    frame = binary.encode(Node("message", attrs, (enc,)))
    queue.put(rows, recipient.number, device, "message", id, type, frame, now)


def edit_of(plaintext: bytes) -> dict[str, str]:
    """How the stanza of a message says that it changes another one."""
    message = content.unwrapped(content.parse(plaintext))
    if message.HasField("secret"):
        return {"edit": "1"}
    if not message.HasField("protocol"):
        return {}
    return {"edit": "7"} if message.protocol.type == ProtocolMessage.Type.REVOKE else {"edit": "1"}


def kind_of(plaintext: bytes) -> tuple[str, dict[str, str]]:
    """What the stanza of a message says it is, and what its `enc` does."""
    type = content.type_of(content.unwrapped(content.parse(plaintext)))
    if type in ("text", "protocol", "secret", "contact", "location", "live_location"):
        return "text", {}
    if type in _TYPES:
        return _TYPES[type], {}
    return "media", {"mediatype": "ptt" if type == "audio" else type}
