"""Messages to a group, as a member's device 0 gets them."""

import sqlite3

from waypost.sandbox.contacts import content, group_keys, keeping, retries, sessions
from waypost.sandbox.protocol.group_messages import Sender, Touched, queue_receipt
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.signal.errors import Reason, SignalError
from waypost.sandbox.state import groups, inbox
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.node import Jid, Node


def message(
    rows: sqlite3.Connection, party: Party, node: Node, now: float, randomness: Randomness, silent: bool
) -> Touched:
    """Decrypt, keep and confirm; what does not open is asked for again. `silent` owes no receipts."""
    chat, origin, id = node.need_jid("from"), node.need_jid("participant"), node.need("id")
    sender = party_of(rows, origin)
    if sender is None or groups.find(rows, chat.user) is None:
        return []
    me, peer = Sender(party.number, party.lid), sessions.peer_of(sender.lid, origin.device)
    try:
        raw = _open(rows, party, chat, peer, node, randomness)
    except SignalError as error:
        if error.reason is Reason.DUPLICATE:
            inbox.again(rows, party.number, sender.number, id)
            return []
        children = None if silent else retries.asked(rows, party, node, origin, now, randomness)
        return [] if children is None else queue_receipt(rows, me, "retry", id, chat, origin, now, children)
    if raw is None:
        return []
    if sender.number == party.number:
        return [] if silent else queue_receipt(rows, me, "sender", id, chat, origin, now)
    if party.kind == "phone":
        return queue_receipt(rows, me, "", id, chat, origin, now)
    keeping.keep(rows, party, sender, origin, id, raw, now, silent, chat=str(chat))
    return []


def _open(
    rows: sqlite3.Connection, party: Party, chat: Jid, peer: str, node: Node, randomness: Randomness
) -> bytes | None:
    """What the message holds for people; None when it only told a key. SignalError when none of it opened."""
    found: bytes | None = None
    failure: SignalError | None = None
    for enc in node.children("enc"):
        try:
            raw = _opened(rows, party, chat, peer, enc, randomness)
        except SignalError as error:
            # What is said to all may open although the key was told again in vain.
            failure = error if failure is None or failure.reason is Reason.DUPLICATE else failure
        else:
            found = _learnt(rows, party, peer, raw) or found
    if found is None and failure is not None:
        raise failure
    return found


def _opened(
    rows: sqlite3.Connection, party: Party, chat: Jid, peer: str, enc: Node, randomness: Randomness
) -> bytes:
    if enc.attr("type") == "skmsg":
        return group_keys.open_shared(rows, party, chat.user, peer, enc.data)
    return sessions.open_message(rows, party, peer, enc.attr("type"), enc.data, randomness)


def _learnt(rows: sqlite3.Connection, party: Party, peer: str, raw: bytes) -> bytes | None:
    """The message without the key that it may tell, which is kept; None when nothing is left."""
    message = content.parse(raw)
    if message.HasField("sender_key_distribution"):
        group_keys.learn(rows, party, peer, message.sender_key_distribution)
        message.ClearField("sender_key_distribution")
    rest = content.parse(message.SerializeToString())
    rest.ClearField("context_info")
    return message.SerializeToString() if rest.ByteSize() else None
