from collections.abc import Mapping
from typing import Any, Final

from waypost.storage.database import Database

# Rows of one transaction; each may take a few others with it.
_PORTION: Final = 500


async def in_portions(database: Database, sql: str, names: Mapping[str, Any]) -> None:
    """Run a DELETE of at most `:limit` rows until nothing is left for it. Raises StorageError."""
    parameters = {**names, "limit": _PORTION}
    while await database.write(lambda connection: connection.execute(sql, parameters).rowcount) == _PORTION:
        pass
