"""Events as the gateway of the stage keeps them."""

import json
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

from waypost.testing.gateway_stage import until

Json = dict[str, Any]


class Journal:
    """What was told of the stage's instance."""

    def __init__(self, folder: Path, instance_id: str) -> None:
        self._path, self._instance = folder / "gateway" / "waypost.db", instance_id

    def all(self, name: str) -> list[Json]:
        """The payloads of every event of a name, in order."""
        with sqlite3.connect(self._path) as connection:
            rows = connection.execute(
                "SELECT payload FROM events WHERE instance_id = ? AND name = ? ORDER BY seq",
                (self._instance, name),
            ).fetchall()
        connection.close()
        return [json.loads(payload) for (payload,) in rows]

    async def one(self, name: str, wanted: Callable[[Json], bool]) -> Json:
        """The first payload of that name that is wanted, waited for."""

        async def look() -> Json | None:
            return next((one for one in self.all(name) if wanted(one)), None)

        found: Json = await until(look, lambda one: one is not None)
        return found

    async def forget(self, message_id: str) -> None:
        """Take a message out of what the gateway keeps."""
        with sqlite3.connect(self._path, timeout=10) as connection:
            connection.execute("DELETE FROM messages WHERE message_id = ?", (message_id,))
        connection.close()
