"""What releases left behind (`scripts/release_data.py`), brought back to life."""

import json
import sqlite3
import tarfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from waypost.sandbox.state.store import Store

RELEASES = Path(__file__).parent / "releases"


@dataclass(frozen=True, slots=True)
class Remains:
    """An unpacked release: `folder` has the data folders, `facts` is what they are said to hold."""

    folder: Path
    facts: dict[str, Any]

    @property
    def headers(self) -> dict[str, str]:
        """Those of a call with the token that the release gave out."""
        return {"Authorization": f"Bearer {self.facts['token']}", "Accept": "application/json"}

    @property
    def base(self) -> str:
        """The path of the instance."""
        return f"/api/whatsapp/v2/{self.facts['instance']}"


async def unpacked(archive: Path, folder: Path) -> Remains:
    """Unpack a release, and make a sandbox of today of its sandbox."""
    with tarfile.open(archive) as packed:
        packed.extractall(folder, filter="data")
    old = folder / "sandbox" / "sandbox.db"
    new = old.with_name("new.db")
    async with Store(new):
        pass  # it makes the tables
    _carry_over(old, new)
    new.replace(old)
    return Remains(folder, json.loads((folder / "facts.json").read_text()))


def restored(url: str, dump: Path) -> None:
    """Fill an empty database with a dump of `pg_dump --inserts`."""
    lines = dump.read_text().splitlines(keepends=True)
    # What a backslash begins is meant for psql.
    script = "".join(line for line in lines if not line.startswith("\\"))
    with psycopg.connect(url) as connection:
        connection.execute(script)


def _carry_over(old: Path, new: Path) -> None:
    """Copy what both know of each row. A sandbox asks to be deleted when its tables change, since it is made
    for tests; the server at the other end of a real pairing does not."""
    connection = sqlite3.connect(new, isolation_level=None)
    try:
        connection.execute("PRAGMA foreign_keys = OFF")
        connection.execute("ATTACH ? AS old", (str(old),))
        for table in _tables(connection, "old") & _tables(connection, "main"):
            names = ", ".join(
                sorted(_columns(connection, "old", table) & _columns(connection, "main", table))
            )
            connection.execute(f"INSERT INTO main.{table} ({names}) SELECT {names} FROM old.{table}")
        connection.execute("DETACH old")
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _tables(connection: sqlite3.Connection, schema: str) -> set[str]:
    rows = connection.execute(f"SELECT name FROM {schema}.sqlite_master WHERE type = 'table'")
    return {row[0] for row in rows if not row[0].startswith("sqlite_")}


def _columns(connection: sqlite3.Connection, schema: str, table: str) -> set[str]:
    return {row[1] for row in connection.execute(f"PRAGMA {schema}.table_info({table})")}
