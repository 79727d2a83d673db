"""What `waypost doctor` asks a database file, which a gateway may be using."""

import sqlite3
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost.errors import STORAGE_UNAVAILABLE, StorageError
from waypost.storage.sqlite.connection import connect_reader
from waypost.storage.sqlite.migrate import revision

# A larger file is not read whole: half a second for each 100 MB.
_CHECKED_BYTES: Final = 200_000_000


@dataclass(frozen=True, slots=True)
class File:
    """`damage` is what SQLite says of it, empty when nothing; None when the file is too large to be read."""

    bytes: int
    revision: str | None
    damage: str | None


def examine(path: Path) -> File:
    """Read a database file that is there. Raises StorageError."""
    try:
        connection = connect_reader(path)
        try:
            size = path.stat().st_size + _log_bytes(path)
            found = revision(connection)
            damage = None
            if size <= _CHECKED_BYTES:
                said = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
                damage = "" if said == "ok" else str(said)
            return File(size, found, damage)
        finally:
            connection.close()
    except (sqlite3.Error, OSError) as error:
        raise StorageError(STORAGE_UNAVAILABLE, f"{path}: {error}") from error


def _log_bytes(path: Path) -> int:
    """What is committed and not yet in the file itself."""
    log = path.with_name(f"{path.name}-wal")
    return log.stat().st_size if log.exists() else 0
