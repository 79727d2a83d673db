import sqlite3
from pathlib import Path
from typing import Final

# Readers and the checkpointer may hold a page for a moment; the writer waits instead of failing its batch.
BUSY_TIMEOUT_MS: Final = 5_000
CACHED_STATEMENTS: Final = 256
WAL_KEPT_BYTES: Final = 64 * 1024 * 1024


def connect_writer(path: Path, factory: type[sqlite3.Connection] = sqlite3.Connection) -> sqlite3.Connection:
    """The one connection that writes. FULL syncs the WAL at every commit: what was committed outlives a power
    cut.
    """
    connection = sqlite3.connect(
        path,
        isolation_level=None,
        check_same_thread=False,
        cached_statements=CACHED_STATEMENTS,
        factory=factory,
    )
    path.chmod(0o600)
    for pragma in (
        f"busy_timeout = {BUSY_TIMEOUT_MS}",
        "journal_mode = WAL",
        "synchronous = FULL",
        "foreign_keys = ON",
        "temp_store = MEMORY",
        # On macOS fsync stops at the drive's cache; elsewhere this says nothing.
        "fullfsync = ON",
        # After a burst the WAL gives its space back.
        f"journal_size_limit = {WAL_KEPT_BYTES}",
    ):
        connection.execute(f"PRAGMA {pragma}")
    return connection


def connect_reader(path: Path) -> sqlite3.Connection:
    """A connection that can't write, for one thread at a time."""
    connection = sqlite3.connect(
        path, isolation_level=None, check_same_thread=False, cached_statements=CACHED_STATEMENTS
    )
    connection.execute(f"PRAGMA busy_timeout = {BUSY_TIMEOUT_MS}")
    connection.execute("PRAGMA query_only = ON")
    return connection
