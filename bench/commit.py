"""How long one durable commit takes by itself, on the disk that temporary files are on."""

import sqlite3
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import psycopg

_COUNT = 200
_ROW_BYTES = 2000


def sqlite_commit_ms() -> float:
    """Median milliseconds of a durable commit of one row, made as the database makes it."""
    with tempfile.TemporaryDirectory() as folder:
        connection = sqlite3.connect(Path(folder) / "commits.db", isolation_level=None)
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("CREATE TABLE rows (data BLOB)")
        taken = _median_ms(lambda: connection.execute("INSERT INTO rows VALUES (zeroblob(?))", (_ROW_BYTES,)))
        connection.close()
        return taken


def postgres_commit_ms(url: str) -> float:
    """The same by a server, the way to it and back included."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("CREATE TABLE bench_commits (data bytea)")
        try:
            row = (bytes(_ROW_BYTES),)
            return _median_ms(lambda: connection.execute("INSERT INTO bench_commits VALUES (%b)", row))
        finally:
            connection.execute("DROP TABLE bench_commits")


def _median_ms(commit: Callable[[], object]) -> float:
    taken = []
    for _ in range(_COUNT):
        began = time.perf_counter()
        commit()
        taken.append((time.perf_counter() - began) * 1000)
    return statistics.median(taken)
