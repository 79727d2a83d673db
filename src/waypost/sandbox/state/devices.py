"""Rows of linked devices and the pre-keys they uploaded."""

import sqlite3
from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Device:
    """A companion of a phone. Keys are public halves, 32 bytes."""

    number: str
    device: int
    noise: bytes
    identity: bytes
    registration_id: int
    adv: bytes
    key_index: int
    push_name: str
    signed_id: int
    signed_public: bytes
    signed_signature: bytes
    created_at: float
    unlinked_at: float | None = None


@dataclass(frozen=True, slots=True)
class PreKey:
    """A one-time pre-key: its id (24 bits) and public half (32 bytes)."""

    id: int
    public: bytes


def insert(rows: sqlite3.Connection, device: Device) -> None:
    """Link a device."""
    rows.execute(
        "INSERT INTO device (number, device, noise, identity, registration_id, adv, key_index, push_name,"
        " signed_id, signed_public, signed_signature, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            device.number,
            device.device,
            device.noise,
            device.identity,
            device.registration_id,
            device.adv,
            device.key_index,
            device.push_name,
            device.signed_id,
            device.signed_public,
            device.signed_signature,
            device.created_at,
        ),
    )


def find(rows: sqlite3.Connection, number: str, device: int) -> Device | None:
    """A device, also one that was unlinked."""
    row = rows.execute("SELECT * FROM device WHERE number = ? AND device = ?", (number, device)).fetchone()
    return None if row is None else _device(row)


def linked(rows: sqlite3.Connection, number: str) -> list[Device]:
    """The devices of an account that are linked now."""
    query = "SELECT * FROM device WHERE number = ? AND unlinked_at IS NULL ORDER BY device"
    return [_device(row) for row in rows.execute(query, (number,))]


def unlink(rows: sqlite3.Connection, number: str, device: int, now: float) -> None:
    """Mark a device as removed, so that its next login is told so, and drop what waits for it."""
    rows.execute("UPDATE device SET unlinked_at = ? WHERE number = ? AND device = ?", (now, number, device))
    rows.execute("DELETE FROM queue WHERE number = ? AND device = ?", (number, device))
    rows.execute("DELETE FROM prekey WHERE number = ? AND device = ?", (number, device))


def set_push_name(rows: sqlite3.Connection, number: str, device: int, name: str) -> None:
    """The name that a device's messages carry."""
    rows.execute("UPDATE device SET push_name = ? WHERE number = ? AND device = ?", (name, number, device))


def set_signed(rows: sqlite3.Connection, number: str, device: int, key: PreKey, signature: bytes) -> None:
    """Replace a device's signed pre-key."""
    rows.execute(
        "UPDATE device SET signed_id = ?, signed_public = ?, signed_signature = ?"
        " WHERE number = ? AND device = ?",
        (key.id, key.public, signature, number, device),
    )


def set_registration(
    rows: sqlite3.Connection, number: str, device: int, registration_id: int, identity: bytes
) -> None:
    """What a key upload repeats about the device itself."""
    rows.execute(
        "UPDATE device SET registration_id = ?, identity = ? WHERE number = ? AND device = ?",
        (registration_id, identity, number, device),
    )


def add_prekeys(rows: sqlite3.Connection, number: str, device: int, keys: Iterable[PreKey]) -> None:
    """Keep uploaded one-time pre-keys; a repeated upload changes nothing."""
    rows.executemany(
        "INSERT OR REPLACE INTO prekey VALUES (?, ?, ?, ?)",
        ((number, device, key.id, key.public) for key in keys),
    )


def count_prekeys(rows: sqlite3.Connection, number: str, device: int) -> int:
    """One-time pre-keys that are left."""
    query = "SELECT count(*) FROM prekey WHERE number = ? AND device = ?"
    return int(rows.execute(query, (number, device)).fetchone()[0])


def prekey_ids(rows: sqlite3.Connection, number: str, device: int) -> list[int]:
    """Ids of the one-time pre-keys that are left."""
    query = "SELECT id FROM prekey WHERE number = ? AND device = ? ORDER BY id"
    return [int(row[0]) for row in rows.execute(query, (number, device))]


def take_prekey(rows: sqlite3.Connection, number: str, device: int) -> PreKey | None:
    """The next one-time pre-key, handed out once."""
    query = "SELECT id, public FROM prekey WHERE number = ? AND device = ? ORDER BY id LIMIT 1"
    row = rows.execute(query, (number, device)).fetchone()
    if row is None:
        return None
    rows.execute("DELETE FROM prekey WHERE number = ? AND device = ? AND id = ?", (number, device, row[0]))
    return PreKey(int(row[0]), bytes(row[1]))


def _device(row: sqlite3.Row) -> Device:
    return Device(**{name: row[name] for name in row.keys()})  # noqa: SIM118 - a Row iterates over values
