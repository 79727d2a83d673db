"""Rows of what an account shows of itself, and to whom."""

import sqlite3
from dataclasses import dataclass

# What a new account has set, and all that can be.
PRIVACY = ("readreceipts", "last", "online", "profile", "status", "groupadd", "calladd")


@dataclass(frozen=True, slots=True)
class Profile:
    """`about` is the text under the name; `picture` the token of its file."""

    about: str = ""
    picture_id: str | None = None
    picture: str | None = None


def get(rows: sqlite3.Connection, number: str) -> Profile:
    """What an account shows; nothing unless it has set it."""
    row = rows.execute("SELECT * FROM profile WHERE number = ?", (number,)).fetchone()
    return Profile() if row is None else Profile(row["about"], row["picture_id"], row["picture"])


def set_about(rows: sqlite3.Connection, number: str, about: str) -> None:
    """The text under the name."""
    rows.execute(
        "INSERT INTO profile (number, about) VALUES (?1, ?2) ON CONFLICT (number) DO UPDATE SET about = ?2",
        (number, about),
    )


def set_picture(rows: sqlite3.Connection, number: str, id: str | None, token: str | None) -> None:
    """Another picture, or with None no more."""
    rows.execute(
        "INSERT INTO profile (number, picture_id, picture) VALUES (?1, ?2, ?3)"
        " ON CONFLICT (number) DO UPDATE SET picture_id = ?2, picture = ?3",
        (number, id, token),
    )


def privacy(rows: sqlite3.Connection, number: str) -> dict[str, str]:
    """Who may see what: `all` unless the account has chosen otherwise."""
    chosen = rows.execute("SELECT name, value FROM privacy WHERE number = ?", (number,))
    return dict.fromkeys(PRIVACY, "all") | {row[0]: row[1] for row in chosen}


def set_privacy(rows: sqlite3.Connection, number: str, name: str, value: str) -> None:
    """Choose who may see `name`."""
    rows.execute("INSERT OR REPLACE INTO privacy VALUES (?, ?, ?)", (number, name, value))


def blocked(rows: sqlite3.Connection, number: str) -> list[str]:
    """The numbers that an account has blocked."""
    query = "SELECT other FROM blocked WHERE number = ? ORDER BY other"
    return [str(row[0]) for row in rows.execute(query, (number,))]


def blocks(rows: sqlite3.Connection, number: str, other: str) -> bool:
    """Whether an account wants nothing of `other`."""
    query = "SELECT 1 FROM blocked WHERE number = ? AND other = ?"
    return rows.execute(query, (number, other)).fetchone() is not None


def block(rows: sqlite3.Connection, number: str, other: str, blocked: bool) -> None:
    """Block a number, or no longer."""
    if blocked:
        rows.execute("INSERT OR IGNORE INTO blocked VALUES (?, ?)", (number, other))
    else:
        rows.execute("DELETE FROM blocked WHERE number = ? AND other = ?", (number, other))
