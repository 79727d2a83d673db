"""Rows of parties: the numbers whose device 0 the sandbox plays."""

import hmac
import sqlite3
from dataclasses import dataclass

from waypost.errors import SANDBOX_CONFLICT, SANDBOX_NO_SUCH, SandboxError

_LID_DIGITS = 15


@dataclass(frozen=True, slots=True)
class Party:
    """A phone or a contact. `number` is what the network calls it, `alias` what people may type instead."""

    number: str
    alias: str | None
    lid: str
    kind: str
    name: str
    identity: bytes
    registration_id: int
    signed_prekey: bytes
    signed_prekey_signature: bytes
    delivered_after: float | None
    read_after: float | None
    played_after: float | None
    created_at: float

    def __repr__(self) -> str:
        return f"Party({self.kind} {self.number})"


def lid_of(secret: bytes, number: str) -> str:
    """The LID of `number`: 15 digits that only this state derives from it."""
    digest = hmac.digest(secret, number.encode(), "sha256")
    return str(10 ** (_LID_DIGITS - 1) + int.from_bytes(digest[:12]) % (9 * 10 ** (_LID_DIGITS - 1)))


def insert(rows: sqlite3.Connection, party: Party) -> None:
    """Add a party; sqlite3.IntegrityError when its number or alias exists."""
    rows.execute(
        "INSERT INTO party (number, alias, lid, kind, name, identity, registration_id, signed_prekey,"
        " signed_prekey_signature, delivered_after, read_after, played_after, created_at)"
        " VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            party.number,
            party.alias,
            party.lid,
            party.kind,
            party.name,
            party.identity,
            party.registration_id,
            party.signed_prekey,
            party.signed_prekey_signature,
            party.delivered_after,
            party.read_after,
            party.played_after,
            party.created_at,
        ),
    )


def find(rows: sqlite3.Connection, number: str) -> Party | None:
    """The party that is registered as `number` or known by it."""
    return _one(rows.execute("SELECT * FROM party WHERE number = ?1 OR alias = ?1", (number,)))


def find_registered(rows: sqlite3.Connection, number: str) -> Party | None:
    """The party that is registered as `number`; what people may type instead is not an address."""
    return _one(rows.execute("SELECT * FROM party WHERE number = ?", (number,)))


def find_lid(rows: sqlite3.Connection, lid: str) -> Party | None:
    """The party with this LID (digits)."""
    return _one(rows.execute("SELECT * FROM party WHERE lid = ?", (lid,)))


def get(rows: sqlite3.Connection, number: str, kind: str) -> Party:
    """The party of that kind; the SandboxError for an unknown number names the command that creates it."""
    party = find(rows, number)
    if party is not None and party.kind != kind:
        raise SandboxError(SANDBOX_CONFLICT, f"+{number} is a {party.kind}, not a {kind}.")
    if party is None:
        command = "phones" if kind == "phone" else "contacts"
        raise SandboxError(SANDBOX_NO_SUCH, f"`waypost sandbox {command} add +{number}` does.")
    return party


def every(rows: sqlite3.Connection, kind: str) -> list[Party]:
    """All parties of a kind, oldest first."""
    query = "SELECT * FROM party WHERE kind = ? ORDER BY created_at, number"
    return [_party(row) for row in rows.execute(query, (kind,))]


def rename(rows: sqlite3.Connection, number: str, name: str) -> None:
    """Give a party another name."""
    rows.execute("UPDATE party SET name = ? WHERE number = ?", (name, number))


def set_delays(
    rows: sqlite3.Connection, number: str, delivered: float | None, read: float | None, played: float | None
) -> None:
    """Seconds after which a contact confirms a message; None = never."""
    rows.execute(
        "UPDATE party SET delivered_after = ?, read_after = ?, played_after = ? WHERE number = ?",
        (delivered, read, played, number),
    )


def delete(rows: sqlite3.Connection, number: str) -> None:
    """Forget a party with all that hangs on it."""
    rows.execute("DELETE FROM party WHERE number = ?", (number,))


def next_device(rows: sqlite3.Connection, number: str) -> int:
    """A device id that this account never had."""
    query = "UPDATE party SET next_device = next_device + 1 WHERE number = ? RETURNING next_device - 1"
    return int(rows.execute(query, (number,)).fetchone()[0])


def next_prekey(rows: sqlite3.Connection, number: str, private: bytes) -> int:
    """Keep a one-time pre-key of a party and return its id."""
    query = "UPDATE party SET next_prekey = next_prekey + 1 WHERE number = ? RETURNING next_prekey - 1"
    prekey = int(rows.execute(query, (number,)).fetchone()[0])
    rows.execute("INSERT INTO party_prekey VALUES (?, ?, ?)", (number, prekey, private))
    return prekey


def take_prekey(rows: sqlite3.Connection, number: str, prekey: int) -> bytes | None:
    """The private half of a one-time pre-key, forgotten with this call."""
    query = "DELETE FROM party_prekey WHERE number = ? AND id = ? RETURNING private"
    # fetchall, not fetchone: a DELETE … RETURNING is only carried out to its end when all its rows are read.
    found = rows.execute(query, (number, prekey)).fetchall()
    return bytes(found[0][0]) if found else None


def peek_prekey(rows: sqlite3.Connection, number: str, prekey: int) -> bytes | None:
    """The private half of a one-time pre-key, kept."""
    row = rows.execute(
        "SELECT private FROM party_prekey WHERE number = ? AND id = ?", (number, prekey)
    ).fetchone()
    return None if row is None else bytes(row[0])


def session(rows: sqlite3.Connection, number: str, peer: str) -> bytes | None:
    """The Signal record that a party keeps for `peer` ("LID:device")."""
    row = rows.execute(
        "SELECT record FROM party_session WHERE number = ? AND peer = ?", (number, peer)
    ).fetchone()
    return None if row is None else bytes(row[0])


def keep_session(rows: sqlite3.Connection, number: str, peer: str, record: bytes) -> None:
    """Store the Signal record that a party keeps for `peer`."""
    rows.execute("INSERT OR REPLACE INTO party_session VALUES (?, ?, ?)", (number, peer, record))


def forget_sessions(rows: sqlite3.Connection, number: str) -> int:
    """Wipe a party's Signal sessions and sender keys, as a reinstalled app would; returns how many
    sessions there were."""
    rows.execute("DELETE FROM sender_key WHERE number = ?", (number,))
    return rows.execute("DELETE FROM party_session WHERE number = ?", (number,)).rowcount


def _one(cursor: sqlite3.Cursor) -> Party | None:
    row = cursor.fetchone()
    return None if row is None else _party(row)


def _party(row: sqlite3.Row) -> Party:
    return Party(
        number=row["number"],
        alias=row["alias"],
        lid=row["lid"],
        kind=row["kind"],
        name=row["name"],
        identity=row["identity"],
        registration_id=row["registration_id"],
        signed_prekey=row["signed_prekey"],
        signed_prekey_signature=row["signed_prekey_signature"],
        delivered_after=row["delivered_after"],
        read_after=row["read_after"],
        played_after=row["played_after"],
        created_at=row["created_at"],
    )
