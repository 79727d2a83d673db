"""Rows of uploaded media; the bytes are files."""

import sqlite3


def put(rows: sqlite3.Connection, token: str, kind: str, size: int, now: float) -> None:
    """Note an upload; `token` is the unpadded base64url SHA-256 of its encrypted bytes."""
    rows.execute("INSERT OR REPLACE INTO media VALUES (?, ?, ?, ?)", (token, kind, size, now))


def exists(rows: sqlite3.Connection, token: str) -> bool:
    """Whether it was uploaded."""
    return rows.execute("SELECT 1 FROM media WHERE token = ?", (token,)).fetchone() is not None
