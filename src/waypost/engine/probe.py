"""What the session store itself tells about a send.

whatsmeow writes (message secret → message id) into its store before the frame of a message leaves. That
proves something only for a store that could be written: a full disk is but a warning in the library. So the
gateway writes a probe row of its own, synced, into the same file just before each send, and gives each store
a generation, since rows vanish with a logout.

Only the gateway opens the store here, never the engine process: two copies of SQLite in one process would
drop each other's locks (https://sqlite.org/howtocorrupt.html, section 2.2).
"""

import contextlib
import os
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from waypost.engine.port import Mark, MaybeSent, NeverSent, Settlement, Unknowable
from waypost.engine.store import Identity
from waypost.errors import STORE_NOT_WRITABLE, EngineError

ROOM: Final = 1 << 20  # bytes that must be free beside the store: what one send writes is far less
_KEEP: Final = 10_000  # probe rows; one is asked for only as long as its send is unsettled
_SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS waypost_generation (id TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS waypost_probe (number INTEGER PRIMARY KEY, secret BLOB NOT NULL);
CREATE INDEX IF NOT EXISTS waypost_probe_secret ON waypost_probe (secret);
CREATE INDEX IF NOT EXISTS waypost_secret_key ON whatsmeow_message_secrets (key);
"""


class StoreProbe:
    """The gateway's connection to one session store. Blocking; any thread may call.

    `room` bytes must be free beside it for a send to begin.
    """

    def __init__(self, database: Path, room: int = ROOM) -> None:
        self._database = database
        self._room = room
        self._connection: sqlite3.Connection | None = None
        self._one = threading.Lock()

    def identity(self) -> Identity | None:
        """Device JID, LID, push name and generation (made when it is the first time); None without a device.

        Raises EngineError(STORE_NOT_WRITABLE).
        """
        with self._translated() as connection:
            row = connection.execute("SELECT jid, lid, push_name FROM whatsmeow_device").fetchone()
            if row is None:
                return None
            found = connection.execute("SELECT id FROM waypost_generation").fetchone()
            generation = found[0] if found else secrets.token_hex(16)
            if not found:
                connection.execute("INSERT INTO waypost_generation VALUES (?)", (generation,))
            return Identity(Mark(device_jid=row[0], generation=generation), account_lid(row[1]), row[2])

    def write(self, secret: bytes) -> None:
        """Prove that the store takes a row now. Raises EngineError(STORE_NOT_WRITABLE)."""
        with self._translated() as connection:
            if _free_bytes(self._database) < self._room:
                raise EngineError(STORE_NOT_WRITABLE)
            number = (
                connection.execute("INSERT INTO waypost_probe (secret) VALUES (?)", (secret,)).lastrowid or 0
            )
            if number % 1000 == 0:
                connection.execute("DELETE FROM waypost_probe WHERE number < ?", (number - _KEEP,))

    def settle(self, secret: bytes, mark: Mark) -> Settlement:
        """What became of a send that began on the store of `mark` and is surely not under way any more."""
        identity = self.identity()
        if identity is None or identity.mark != mark:
            return Unknowable(reason="The session was paired anew since.")
        with self._translated() as connection:
            # By the key alone: the row may name the chat by its LID while we asked for its number.
            row = connection.execute(
                "SELECT message_id FROM whatsmeow_message_secrets WHERE key = ?", (secret,)
            ).fetchone()
        return NeverSent() if row is None else MaybeSent(message_id=row[0])

    def close(self) -> None:
        """Close the database."""
        with self._one:
            if self._connection is not None:
                self._connection.close()
                self._connection = None

    @contextlib.contextmanager
    def _translated(self) -> Iterator[sqlite3.Connection]:
        try:
            with self._one:
                if self._connection is None:
                    self._connection = _open(self._database)
                yield self._connection
        except sqlite3.Error as error:
            raise EngineError(STORE_NOT_WRITABLE, f"SQLite says: {error}.") from error


def _open(database: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(
        f"{database.absolute().as_uri()}?mode=rw",
        uri=True,
        isolation_level=None,
        check_same_thread=False,
        timeout=5.0,
    )
    connection.execute("PRAGMA synchronous = FULL")
    connection.executescript(_SCHEMA)
    return connection


def _free_bytes(database: Path) -> int:
    room = os.statvfs(database.parent)
    return room.f_bavail * room.f_frsize


def account_lid(device_lid: str | None) -> str | None:
    """A device's LID (`user:device@lid`) as the address of its account."""
    if not device_lid:
        return None
    user, _, server = device_lid.partition("@")
    return f"{user.partition(':')[0]}@{server}"
