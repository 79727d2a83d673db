"""Rows of injected failures."""

import sqlite3


def put(rows: sqlite3.Connection, id: str, record: bytes) -> None:
    """Store a failure, or its new counters."""
    rows.execute("INSERT OR REPLACE INTO failure VALUES (?, ?)", (id, record))


def delete(rows: sqlite3.Connection, id: str) -> None:
    """Forget a failure."""
    rows.execute("DELETE FROM failure WHERE id = ?", (id,))


def every(rows: sqlite3.Connection) -> list[bytes]:
    """All records."""
    return [bytes(row[0]) for row in rows.execute("SELECT record FROM failure ORDER BY id")]
