"""Rows of what a network is born with: its keys and the secret that LIDs are made from."""

import sqlite3
from dataclasses import dataclass, field

from waypost.sandbox.wire.curve import KeyPair, Randomness


@dataclass(frozen=True, slots=True)
class Secrets:
    """`root` signs certificate chains, `static` is the server's Noise key, `lid` (32 bytes) makes LIDs."""

    root: KeyPair
    static: KeyPair
    lid: bytes = field(repr=False)
    media: bytes = field(repr=False)
    """The token that uploads carry, 16 bytes."""


def open_secrets(rows: sqlite3.Connection, randomness: Randomness) -> Secrets:
    """The secrets of this state, made on first use."""
    return Secrets(
        root=KeyPair.of(_setting(rows, "root", 32, randomness)),
        static=KeyPair.of(_setting(rows, "static", 32, randomness)),
        lid=_setting(rows, "lid", 32, randomness),
        media=_setting(rows, "media", 16, randomness),
    )


def flag(rows: sqlite3.Connection, name: str) -> bool:
    """Whether `name` is asked for the first time in this state."""
    return rows.execute("INSERT OR IGNORE INTO setting VALUES (?, x'01')", (name,)).rowcount == 1


def _setting(rows: sqlite3.Connection, name: str, size: int, randomness: Randomness) -> bytes:
    row = rows.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    if row is not None:
        return bytes(row[0])
    value = randomness(size)
    rows.execute("INSERT INTO setting VALUES (?, ?)", (name, value))
    return value
