"""What a PostgreSQL server does meanwhile: transactions that write, its log, and how long it is at work."""

import asyncio
import contextlib
import statistics
import threading
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Final

import psycopg

_LOOK_S: Final = 0.02
_COUNTERS: Final = """
SELECT
    CAST(CAST(pg_snapshot_xmax(pg_current_snapshot()) AS text) AS bigint),
    CAST(pg_current_wal_insert_lsn() - '0/0' AS bigint)
"""
_AT_WORK: Final = """
SELECT count(*) FROM pg_stat_activity
WHERE state = 'active' AND backend_type = 'client backend' AND pid <> pg_backend_pid()
"""


@dataclass
class DatabaseLoad:
    """Of some time: `writes` counts transactions that changed something, `at_work_s` adds up the time that
    connections spent in statements, waits for the disk and for locks included.
    """

    seconds: float = 0.0
    writes: int = 0
    log_bytes: int = 0
    at_work_s: float = 0.0


@contextlib.asynccontextmanager
async def watched(url: str) -> AsyncIterator[DatabaseLoad]:
    """Fills what it yields at its end. Time at work is sampled, for the server's own counters lag by 10 s."""
    found, stop = DatabaseLoad(), threading.Event()
    looking = asyncio.create_task(asyncio.to_thread(_look, url, stop))
    before, began = await asyncio.to_thread(_counters, url), time.perf_counter()
    try:
        yield found
    finally:
        found.seconds = time.perf_counter() - began
        stop.set()
        seen = await looking
        after = await asyncio.to_thread(_counters, url)
        found.writes, found.log_bytes = after[0] - before[0], after[1] - before[1]
        found.at_work_s = found.seconds * (statistics.mean(seen) if seen else 0.0)


def _counters(url: str) -> tuple[int, int]:
    with psycopg.connect(url) as connection:
        row: Any = connection.execute(_COUNTERS).fetchone()
    return row[0], row[1]


def _look(url: str, stop: threading.Event) -> list[int]:
    seen = []
    with psycopg.connect(url, autocommit=True) as connection:
        while not stop.wait(_LOOK_S):
            row: Any = connection.execute(_AT_WORK).fetchone()
            seen.append(row[0])
    return seen
