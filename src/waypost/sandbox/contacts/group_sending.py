"""A contact writes to a group that it is in."""

import sqlite3

from waypost.errors import SANDBOX_CONFLICT, SANDBOX_NO_SUCH, SandboxError
from waypost.sandbox.contacts import content, group_keys, outgoing, retries, sessions
from waypost.sandbox.protocol import group_messages
from waypost.sandbox.protocol.group_messages import Device, Sender, Touched
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.state import devices, groups, inbox, parties
from waypost.sandbox.state.groups import Group
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.node import Jid, Node
from waypost.sandbox.wire.proto.message_pb2 import Message


def send(
    rows: sqlite3.Connection,
    contact: Party,
    chat: Jid,
    id: str,
    plaintext: bytes,
    now: float,
    randomness: Randomness,
) -> Touched:
    """Encrypt once for the group, tell each device the key, and queue both. SandboxError when the contact may
    not write there."""
    group = groups.find(rows, chat.user)
    if group is None:
        raise SandboxError(SANDBOX_NO_SUCH, "There is no such group.")
    member = groups.member(rows, group.id, contact.number)
    if member is None or (group.announce and not member.is_admin):
        raise SandboxError(SANDBOX_CONFLICT, f"+{contact.number} may not write to that group.")
    inbox.put_sent(rows, contact.number, id, str(chat), plaintext, now)
    own = _keys(rows, contact, group, randomness)
    body = group_keys.seal_shared(rows, contact, group.id, plaintext, randomness)
    type, attrs = outgoing.kind_of(plaintext)
    shared = (Node("enc", {"v": "2", "type": "skmsg", **attrs}, body),)
    message = Node("message", {"type": type})
    return group_messages.deliver(rows, group, _sender(contact), message, id, own, shared, now)


def again(
    rows: sqlite3.Connection, party: Party, receipt: Node, now: float, randomness: Randomness
) -> Touched:
    """Send a message again to the device that asked for it, with the key in it."""
    chat, origin, id = receipt.need_jid("from"), receipt.need_jid("participant"), receipt.need("id")
    group, peer = groups.find(rows, chat.user), party_of(rows, origin)
    sent = inbox.find_sent(rows, party.number, id)
    if group is None or peer is None or sent is None:
        return []
    message = content.parse(sent.plaintext)
    message.sender_key_distribution.CopyFrom(group_keys.told(rows, party, group.id, randomness))
    bundle, plaintext = retries.bundle_in(receipt), message.SerializeToString()
    sealed = sessions.seal(rows, party, peer, origin.device, plaintext, randomness, bundle=bundle, fresh=True)
    if sealed is None:
        return []
    type, attrs = outgoing.kind_of(sent.plaintext)
    own: dict[Device, tuple[Node, ...]] = {
        (peer.number, origin.device): (Node("enc", {"v": "2", "type": sealed.kind, **attrs}, sealed.body),)
    }
    return group_messages.deliver(
        rows, group, _sender(party), Node("message", {"type": type}), id, own, (), now
    )


def _keys(
    rows: sqlite3.Connection, contact: Party, group: Group, randomness: Randomness
) -> dict[Device, tuple[Node, ...]]:
    """The contact's key for each device of the others."""
    told = Message(sender_key_distribution=group_keys.told(rows, contact, group.id, randomness))
    plaintext = told.SerializeToString()
    own: dict[Device, tuple[Node, ...]] = {}
    for member in groups.members(rows, group.id):
        recipient = parties.find_registered(rows, member.number)
        if recipient is None or recipient.number == contact.number:
            continue
        for device in (0, *(row.device for row in devices.linked(rows, recipient.number))):
            sealed = sessions.seal(rows, contact, recipient, device, plaintext, randomness)
            if sealed is not None:
                own[recipient.number, device] = (Node("enc", {"v": "2", "type": sealed.kind}, sealed.body),)
    return own


def _sender(party: Party) -> Sender:
    return Sender(party.number, party.lid, 0, party.name or party.number)
