"""What becomes of a message that a contact decrypted."""

import sqlite3

from waypost.sandbox.contacts import attachments, content
from waypost.sandbox.state import inbox
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.node import LID_SERVER, Jid


def keep(
    rows: sqlite3.Connection,
    party: Party,
    sender: Party,
    origin: Jid,
    id: str,
    raw: bytes,
    now: float,
    silent: bool,
    chat: str = "",
) -> None:
    """Put it into the inbox, and owe the receipts for it; `origin` is the sending device, `chat` the group's
    JID or empty. What is known by its id is counted, and owes none."""
    inner = content.unwrapped(content.parse(raw))
    media = "none" if attachments.media_of(inner) is None else "pending"
    device = Jid(sender.lid, LID_SERVER, origin.device)
    first = inbox.put(rows, party.number, sender.number, str(device), id, raw, media, now, chat)
    if silent or not first:
        return
    delays = [("delivered", party.delivered_after), ("read", party.read_after)]
    if content.type_of(inner) == "audio":
        delays.append(("played", party.played_after))
    for type, delay in delays:
        if delay is not None:
            inbox.owe(rows, now + delay, party.number, type, id, str(origin), chat)
