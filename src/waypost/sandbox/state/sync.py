"""Rows of app state: the account's key, patches by collection, and what the phone has read of them."""

import json
import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass

from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.proto.sync_pb2 import SyncActionValue
from waypost.sandbox.wire.sync import Entry

_ID_BYTES = 6
_KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class Known:
    """Something that the phone has read: `index` names it, `collection` has it."""

    collection: str
    index: tuple[str, ...]
    value: SyncActionValue


def key(rows: sqlite3.Connection, number: str, randomness: Randomness) -> tuple[bytes, bytes]:
    """The account's key and its id, made when it is first needed."""
    row = rows.execute("SELECT id, key FROM sync_key WHERE number = ?", (number,)).fetchone()
    if row is None:
        row = (randomness(_ID_BYTES), randomness(_KEY_BYTES))
        rows.execute("INSERT INTO sync_key VALUES (?, ?, ?)", (number, *row))
    return bytes(row[0]), bytes(row[1])


def version(rows: sqlite3.Connection, number: str, collection: str) -> int:
    """The number of a collection's last patch; 0 without any."""
    query = "SELECT coalesce(max(version), 0) FROM sync_patch WHERE number = ? AND collection = ?"
    return int(rows.execute(query, (number, collection)).fetchone()[0])


def add(rows: sqlite3.Connection, number: str, collection: str, version: int, patch: bytes) -> None:
    """Keep a patch under its number."""
    rows.execute("INSERT INTO sync_patch VALUES (?, ?, ?, ?)", (number, collection, version, patch))


def after(
    rows: sqlite3.Connection, number: str, collection: str, version: int, limit: int
) -> list[tuple[int, bytes]]:
    """The patches behind `version`, in order."""
    query = (
        "SELECT version, patch FROM sync_patch WHERE number = ? AND collection = ? AND version > ?"
        " ORDER BY version LIMIT ?"
    )
    found = rows.execute(query, (number, collection, version, limit))
    return [(int(row["version"]), bytes(row["patch"])) for row in found]


def read_up_to(rows: sqlite3.Connection, number: str, collection: str) -> int:
    """The number of the last patch that the phone has read."""
    query = "SELECT version FROM sync_read WHERE number = ? AND collection = ?"
    row = rows.execute(query, (number, collection)).fetchone()
    return 0 if row is None else int(row[0])


def take_in(
    rows: sqlite3.Connection, number: str, collection: str, version: int, entries: Iterable[Entry]
) -> None:
    """Note what the phone has read in the patch of that number."""
    for entry in entries:
        if entry.value is None:
            rows.execute(
                "DELETE FROM sync_entry WHERE number = ? AND collection = ? AND index_mac = ?",
                (number, collection, entry.index_mac),
            )
            continue
        named = json.dumps(entry.index)
        value = entry.value.SerializeToString()
        rows.execute(
            "INSERT OR REPLACE INTO sync_entry VALUES (?, ?, ?, ?, ?, ?, ?)",
            (number, collection, entry.index_mac, entry.value_mac, named, value, version),
        )
    rows.execute("INSERT OR REPLACE INTO sync_read VALUES (?, ?, ?)", (number, collection, version))


def macs(rows: sqlite3.Connection, number: str, collection: str) -> dict[bytes, bytes]:
    """Index MACs and value MACs of all that a collection says, as far as the phone has read."""
    query = "SELECT index_mac, value_mac FROM sync_entry WHERE number = ? AND collection = ?"
    return {bytes(row[0]): bytes(row[1]) for row in rows.execute(query, (number, collection))}


def entries(rows: sqlite3.Connection, number: str) -> list[Known]:
    """All that the phone has read, in the order in which it was said."""
    query = "SELECT collection, named, value FROM sync_entry WHERE number = ? ORDER BY collection, version"
    return [
        Known(row[0], tuple(json.loads(row[1])), SyncActionValue.FromString(row[2]))
        for row in rows.execute(query, (number,))
    ]
