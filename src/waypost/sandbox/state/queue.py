"""Rows of stanzas that a device has not confirmed yet."""

import sqlite3
from dataclasses import dataclass
from typing import Final

from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.frames import MAX_FRAME

LIMIT: Final = 10_000
"""Stanzas that wait for one device at most: one that never comes back must not fill the disk."""


@dataclass(frozen=True, slots=True)
class Waiting:
    """A stanza for one device; `frame` is its binary form with the flag byte."""

    seq: int
    number: str
    device: int
    kind: str
    id: str
    type: str
    frame: bytes


def put(
    rows: sqlite3.Connection,
    number: str,
    device: int,
    kind: str,
    id: str,
    type: str,
    frame: bytes,
    now: float,
) -> None:
    """Queue a stanza; `kind` is its class (message, receipt, notification).

    Above LIMIT the oldest receipt goes. Device 0 has no limit: the sandbox plays it and empties its queue.
    A frame that no client would take raises WireError: it would end each of the device's connections.
    """
    if len(frame) > MAX_FRAME:
        raise WireError("A stanza is too large for the device that it is for.")
    rows.execute(
        "INSERT INTO queue (number, device, class, id, type, frame, at) VALUES (?, ?, ?, ?, ?, ?, ?)",
        (number, device, kind, id, type, frame, now),
    )
    if device:
        trim(rows, number, device, LIMIT)


def trim(rows: sqlite3.Connection, number: str, device: int, limit: int) -> None:
    """Forget what is above `limit` stanzas of a device: the oldest receipts, then the oldest of the rest."""
    surplus = count(rows, number, device) - limit
    if surplus > 0:
        rows.execute(
            "DELETE FROM queue WHERE seq IN (SELECT seq FROM queue WHERE number = ? AND device = ?"
            " ORDER BY class <> 'receipt', seq LIMIT ?)",
            (number, device, surplus),
        )


def after(rows: sqlite3.Connection, number: str, device: int, seq: int, limit: int) -> list[Waiting]:
    """The next stanzas of a device behind `seq`, in order."""
    query = "SELECT * FROM queue WHERE number = ? AND device = ? AND seq > ? ORDER BY seq LIMIT ?"
    return [_waiting(row) for row in rows.execute(query, (number, device, seq, limit))]


def for_parties(rows: sqlite3.Connection, limit: int) -> list[Waiting]:
    """The oldest stanzas for device 0 of any party."""
    return [
        _waiting(row)
        for row in rows.execute("SELECT * FROM queue WHERE device = 0 ORDER BY seq LIMIT ?", (limit,))
    ]


def remove(rows: sqlite3.Connection, seq: int) -> None:
    """Forget one stanza."""
    rows.execute("DELETE FROM queue WHERE seq = ?", (seq,))


def confirm(
    rows: sqlite3.Connection, number: str, device: int, kind: str, id: str, sent: int, type: str | None = None
) -> None:
    """Forget the oldest stanza of that class, id and type (None = any) that was sent, which is up to `sent`.

    One at a time: a second retry receipt has the class, id and type of the first and may still have
    to go out.
    """
    rows.execute(
        "DELETE FROM queue WHERE seq = (SELECT min(seq) FROM queue WHERE number = ?1 AND device = ?2"
        " AND class = ?3 AND id = ?4 AND seq <= ?5 AND (?6 IS NULL OR type = ?6))",
        (number, device, kind, id, sent, type),
    )


def count(rows: sqlite3.Connection, number: str, device: int) -> int:
    """How many stanzas wait for a device."""
    query = "SELECT count(*) FROM queue WHERE number = ? AND device = ?"
    return int(rows.execute(query, (number, device)).fetchone()[0])


def first_sight(rows: sqlite3.Connection, number: str, device: int, id: str, now: float) -> bool:
    """Whether this device sends `id` for the first time: clients repeat a frame after a reconnect."""
    return (
        rows.execute("INSERT OR IGNORE INTO seen VALUES (?, ?, ?, ?)", (number, device, id, now)).rowcount
        == 1
    )


def forget_seen(rows: sqlite3.Connection, before: float) -> None:
    """Drop old entries of what `first_sight` knows."""
    rows.execute("DELETE FROM seen WHERE at < ?", (before,))


def _waiting(row: sqlite3.Row) -> Waiting:
    return Waiting(
        row["seq"], row["number"], row["device"], row["class"], row["id"], row["type"], row["frame"]
    )
