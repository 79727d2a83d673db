"""A store that commits every request by itself, as a gateway without group commit would."""

import asyncio
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from uuid import uuid4

import msgspec

from waypost.storage.sqlite.connection import connect_writer

_TABLES = """
CREATE TABLE requests (uuid TEXT PRIMARY KEY, instance_id TEXT, fields BLOB, at REAL);
CREATE TABLE blobs (uuid TEXT PRIMARY KEY, data BLOB);
"""


class EachCommit:
    """SQLite with the gateway's own settings (WAL, synchronous=FULL) and one thread that writes."""

    def __init__(self, path: Path) -> None:
        self._connection = connect_writer(path)
        self._connection.executescript(_TABLES)
        self._thread = ThreadPoolExecutor(1)

    async def add(self, instance_id: str, fields: Mapping[str, Any], file: bytes) -> str:
        """Store a request and its file in one transaction; its uuid, after COMMIT."""
        uuid = str(uuid4())
        rows = (uuid, instance_id, msgspec.json.encode(fields), time.time())
        await asyncio.get_running_loop().run_in_executor(self._thread, self._write, rows, file)
        return uuid

    def _write(self, row: tuple[str, str, bytes, float], file: bytes) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.execute("INSERT INTO requests VALUES (?, ?, ?, ?)", row)
        self._connection.execute("INSERT INTO blobs VALUES (?, ?)", (row[0], file))
        self._connection.execute("COMMIT")
