"""Rows of groups, their members and invite links."""

import sqlite3
from dataclasses import dataclass
from typing import Literal

Addressing = Literal["lid", "pn"]
Role = Literal["member", "admin", "superadmin"]


@dataclass(frozen=True, slots=True)
class Group:
    """A group; people in it by number, times in seconds since the epoch. `addressing` says whether its
    members know each other by LID or by number."""

    id: str
    addressing: Addressing
    creator: str
    created_at: float
    subject: str
    subject_by: str
    subject_at: float
    locked: bool = False
    announce: bool = False
    add_mode: str = "all_member_add"
    description: str | None = None
    description_id: str | None = None
    description_by: str | None = None
    description_at: float | None = None
    picture_id: str | None = None
    picture: str | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Member:
    """A member as its group's rows have it, with both of its addresses."""

    number: str
    lid: str
    role: Role

    @property
    def is_admin(self) -> bool:
        """Whether it may do what only admins may."""
        return self.role != "member"


_MEMBER = "SELECT m.number, p.lid, m.role FROM member m JOIN party p ON p.number = m.number"


def insert(rows: sqlite3.Connection, group: Group) -> None:
    """Add a group, without members."""
    rows.execute(
        "INSERT INTO chat_group (id, addressing, creator, created_at, subject, subject_by, subject_at,"
        " locked, announce, add_mode, version) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            group.id,
            group.addressing,
            group.creator,
            group.created_at,
            group.subject,
            group.subject_by,
            group.subject_at,
            group.locked,
            group.announce,
            group.add_mode,
            group.version,
        ),
    )


def find(rows: sqlite3.Connection, id: str) -> Group | None:
    """A group by its digits."""
    row = rows.execute("SELECT * FROM chat_group WHERE id = ?", (id,)).fetchone()
    return None if row is None else _group(row)


def every(rows: sqlite3.Connection) -> list[Group]:
    """All groups, oldest first."""
    return [_group(row) for row in rows.execute("SELECT * FROM chat_group ORDER BY created_at, id")]


def of_member(rows: sqlite3.Connection, number: str) -> list[Group]:
    """The groups that a party is in, oldest first."""
    query = (
        "SELECT * FROM chat_group WHERE id IN (SELECT group_id FROM member WHERE number = ?)"
        " ORDER BY created_at, id"
    )
    return [_group(row) for row in rows.execute(query, (number,))]


def delete(rows: sqlite3.Connection, id: str) -> None:
    """Forget a group with its members and links."""
    rows.execute("DELETE FROM chat_group WHERE id = ?", (id,))


def members(rows: sqlite3.Connection, id: str) -> list[Member]:
    """The members in the order in which they came."""
    query = _MEMBER + " WHERE m.group_id = ? ORDER BY m.joined_at, m.number"
    return [Member(*row) for row in rows.execute(query, (id,))]


def member(rows: sqlite3.Connection, id: str, number: str) -> Member | None:
    """A party as a member of a group."""
    row = rows.execute(_MEMBER + " WHERE m.group_id = ? AND m.number = ?", (id, number)).fetchone()
    return None if row is None else Member(*row)


def put_member(rows: sqlite3.Connection, id: str, number: str, role: Role, now: float) -> None:
    """Let a party in, or give a member another role."""
    rows.execute(
        "INSERT INTO member VALUES (?, ?, ?, ?) ON CONFLICT DO UPDATE SET role = excluded.role",
        (id, number, role, now),
    )


def remove_member(rows: sqlite3.Connection, id: str, number: str) -> None:
    """Take a member out."""
    rows.execute("DELETE FROM member WHERE group_id = ? AND number = ?", (id, number))


def next_version(rows: sqlite3.Connection, id: str) -> int:
    """Note that the members changed; the number of their new state."""
    query = "UPDATE chat_group SET version = version + 1 WHERE id = ? RETURNING version"
    return int(rows.execute(query, (id,)).fetchall()[0][0])


def set_subject(rows: sqlite3.Connection, id: str, subject: str, by: str, now: float) -> None:
    """Rename a group."""
    rows.execute(
        "UPDATE chat_group SET subject = ?, subject_by = ?, subject_at = ? WHERE id = ?",
        (subject, by, now, id),
    )


def set_description(
    rows: sqlite3.Connection, id: str, text: str | None, text_id: str | None, by: str, now: float
) -> None:
    """Describe a group, or no longer."""
    rows.execute(
        "UPDATE chat_group SET description = ?, description_id = ?, description_by = ?, description_at = ?"
        " WHERE id = ?",
        (text, text_id, by, now, id),
    )


def set_locked(rows: sqlite3.Connection, id: str, locked: bool) -> None:
    """Whether only admins change the group's facts."""
    rows.execute("UPDATE chat_group SET locked = ? WHERE id = ?", (locked, id))


def set_announce(rows: sqlite3.Connection, id: str, announce: bool) -> None:
    """Whether only admins write."""
    rows.execute("UPDATE chat_group SET announce = ? WHERE id = ?", (announce, id))


def set_add_mode(rows: sqlite3.Connection, id: str, mode: str) -> None:
    """Who may add members."""
    rows.execute("UPDATE chat_group SET add_mode = ? WHERE id = ?", (mode, id))


def set_picture(rows: sqlite3.Connection, id: str, picture_id: str | None, token: str | None) -> None:
    """Show the picture that lies under `token`, or none."""
    rows.execute("UPDATE chat_group SET picture_id = ?, picture = ? WHERE id = ?", (picture_id, token, id))


def invite(rows: sqlite3.Connection, id: str) -> str | None:
    """The code of a group's invite link, if one was made."""
    row = rows.execute("SELECT code FROM invite WHERE group_id = ? AND NOT revoked", (id,)).fetchone()
    return None if row is None else str(row[0])


def renew_invite(rows: sqlite3.Connection, id: str, code: str) -> None:
    """Put `code` in the place of the link there was."""
    rows.execute("UPDATE invite SET revoked = 1 WHERE group_id = ?", (id,))
    rows.execute("INSERT INTO invite VALUES (?, ?, 0)", (code, id))


def invited(rows: sqlite3.Connection, code: str) -> tuple[str, bool] | None:
    """The group that a code leads to, and whether the code was revoked."""
    row = rows.execute("SELECT group_id, revoked FROM invite WHERE code = ?", (code,)).fetchone()
    return None if row is None else (str(row[0]), bool(row[1]))


def sender_key(rows: sqlite3.Connection, number: str, group_id: str, sender: str) -> bytes | None:
    """What a party keeps of a sender ("LID:device") in a group."""
    query = "SELECT record FROM sender_key WHERE number = ? AND group_id = ? AND sender = ?"
    row = rows.execute(query, (number, group_id, sender)).fetchone()
    return None if row is None else bytes(row[0])


def keep_sender_key(rows: sqlite3.Connection, number: str, group_id: str, sender: str, record: bytes) -> None:
    """Store what a party keeps of a sender in a group."""
    rows.execute("INSERT OR REPLACE INTO sender_key VALUES (?, ?, ?, ?)", (number, group_id, sender, record))


def forget_own_keys(rows: sqlite3.Connection, group_id: str) -> None:
    """Let every party make a new sender key for its next message: somebody who left has the old ones."""
    rows.execute(
        "DELETE FROM sender_key WHERE group_id = ?1 AND (number, sender) IN"
        " (SELECT number, lid || ':0' FROM party)",
        (group_id,),
    )


def _group(row: sqlite3.Row) -> Group:
    values = {name: row[name] for name in row.keys()}  # noqa: SIM118 - a Row iterates over values
    return Group(**{**values, "locked": bool(row["locked"]), "announce": bool(row["announce"])})
