"""Rows of what contacts received, what parties sent, and the receipts that they owe."""

import sqlite3
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Received:
    """A decrypted message; `sender_lid` is the sending device's JID, `raw` the protobuf, `chat` the group's
    JID or empty."""

    seq: int
    number: str
    sender: str
    sender_lid: str
    id: str
    at: float
    raw: bytes
    media: str
    times: int
    chat: str = ""


@dataclass(frozen=True, slots=True)
class Due:
    """A receipt to send at a time (seconds since the epoch); `chat` is the group's JID or empty."""

    seq: int
    number: str
    type: str
    message_id: str
    recipient: str
    chat: str = ""


@dataclass(frozen=True, slots=True)
class SentMessage:
    """What a party sent; the plaintext answers a retry receipt."""

    number: str
    id: str
    recipient: str
    plaintext: bytes
    status: str
    at: float


_RANK = ("sent", "delivered", "read", "played")


def put(
    rows: sqlite3.Connection,
    number: str,
    sender: str,
    sender_lid: str,
    id: str,
    raw: bytes,
    media: str,
    now: float,
    chat: str = "",
) -> bool:
    """Add a message; one that is known by its id is counted instead, and False returned."""
    if again(rows, number, sender, id):
        return False
    rows.execute(
        "INSERT INTO inbox (number, sender, sender_lid, id, at, raw, media, chat)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, sender, sender_lid, id, now, raw, media, chat),
    )
    return True


def again(rows: sqlite3.Connection, number: str, sender: str, id: str) -> bool:
    """Count one more arrival of a message; False when it has not arrived before."""
    query = "UPDATE inbox SET times = times + 1 WHERE number = ? AND sender = ? AND id = ?"
    return rows.execute(query, (number, sender, id)).rowcount == 1


def after(rows: sqlite3.Connection, number: str, seq: int, limit: int) -> list[Received]:
    """Messages behind `seq` whose media have been checked, oldest first; none overtakes one still being
    checked."""
    query = (
        "SELECT * FROM inbox WHERE number = ?1 AND seq > ?2 AND seq < coalesce("
        "(SELECT min(seq) FROM inbox WHERE number = ?1 AND media = 'pending'), 9223372036854775807)"
        " ORDER BY seq LIMIT ?3"
    )
    return [_received(row) for row in rows.execute(query, (number, seq, limit))]


def find(rows: sqlite3.Connection, number: str, id: str) -> Received | None:
    """A message by its id."""
    row = rows.execute("SELECT * FROM inbox WHERE number = ? AND id = ?", (number, id)).fetchone()
    return None if row is None else _received(row)


def at(rows: sqlite3.Connection, number: str, seq: int) -> Received | None:
    """A message by its number in the inbox."""
    row = rows.execute("SELECT * FROM inbox WHERE number = ? AND seq = ?", (number, seq)).fetchone()
    return None if row is None else _received(row)


def count(rows: sqlite3.Connection, number: str) -> int:
    """Messages in an inbox."""
    return int(rows.execute("SELECT count(*) FROM inbox WHERE number = ?", (number,)).fetchone()[0])


def unchecked(rows: sqlite3.Connection, limit: int) -> list[Received]:
    """Messages whose media nobody has downloaded yet."""
    query = "SELECT * FROM inbox WHERE media = 'pending' ORDER BY seq LIMIT ?"
    return [_received(row) for row in rows.execute(query, (limit,))]


def set_media(rows: sqlite3.Connection, seq: int, media: str) -> None:
    """What checking a message's media gave."""
    rows.execute("UPDATE inbox SET media = ? WHERE seq = ?", (media, seq))


def owe(
    rows: sqlite3.Connection,
    at: float,
    number: str,
    type: str,
    message_id: str,
    recipient: str,
    chat: str = "",
) -> None:
    """Note a receipt to send."""
    rows.execute(
        "INSERT INTO due (at, number, type, message_id, recipient, chat) VALUES (?, ?, ?, ?, ?, ?)",
        (at, number, type, message_id, recipient, chat),
    )


def take_due(rows: sqlite3.Connection, now: float, limit: int) -> list[Due]:
    """The receipts whose time has come, in order; they are no longer owed."""
    query = (
        "SELECT seq, number, type, message_id, recipient, chat FROM due WHERE at <= ?"
        " ORDER BY at, seq LIMIT ?"
    )
    taken = [Due(*row) for row in rows.execute(query, (now, limit))]
    rows.executemany("DELETE FROM due WHERE seq = ?", ((due.seq,) for due in taken))
    return taken


def next_due(rows: sqlite3.Connection) -> float | None:
    """When the next receipt is owed."""
    row = rows.execute("SELECT min(at) FROM due").fetchone()
    return None if row[0] is None else float(row[0])


def put_sent(
    rows: sqlite3.Connection, number: str, id: str, recipient: str, plaintext: bytes, now: float
) -> None:
    """Note what a party sent."""
    rows.execute(
        "INSERT INTO sent (number, id, recipient, plaintext, at) VALUES (?, ?, ?, ?, ?)",
        (number, id, recipient, plaintext, now),
    )


def find_sent(rows: sqlite3.Connection, number: str, id: str) -> SentMessage | None:
    """What a party sent, by its id."""
    query = "SELECT number, id, recipient, plaintext, status, at FROM sent WHERE number = ? AND id = ?"
    row = rows.execute(query, (number, id)).fetchone()
    return None if row is None else SentMessage(*row)


def latest_sent(rows: sqlite3.Connection, number: str, limit: int) -> list[SentMessage]:
    """The last messages that a party sent, oldest first."""
    query = (
        "SELECT number, id, recipient, plaintext, status, at FROM sent WHERE number = ?"
        " ORDER BY at DESC, id LIMIT ?"
    )
    return [SentMessage(*row) for row in rows.execute(query, (number, limit))][::-1]


def progress(rows: sqlite3.Connection, number: str, id: str, status: str) -> None:
    """Raise the status of a sent message; it never goes back."""
    sent = find_sent(rows, number, id)
    if sent is not None and _RANK.index(status) > _RANK.index(sent.status):
        rows.execute("UPDATE sent SET status = ? WHERE number = ? AND id = ?", (status, number, id))


def count_retry(rows: sqlite3.Connection, number: str, id: str, sender: str) -> int:
    """How often this message of that device failed to decrypt, this time included."""
    query = (
        "INSERT INTO retry VALUES (?, ?, ?, 1) ON CONFLICT DO UPDATE SET times = times + 1 RETURNING times"
    )
    return int(rows.execute(query, (number, id, sender)).fetchall()[0][0])


def _received(row: sqlite3.Row) -> Received:
    return Received(
        row["seq"],
        row["number"],
        row["sender"],
        row["sender_lid"],
        row["id"],
        row["at"],
        row["raw"],
        row["media"],
        row["times"],
        row["chat"],
    )
