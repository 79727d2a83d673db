from collections.abc import Sequence
from typing import Any

from waypost.instances.contacts import Contact
from waypost.storage.database import Database


class SqlContacts:
    """Implements `instances.contacts.ContactStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("contacts")

    async def put(self, instance_id: str, contacts: Sequence[Contact]) -> None:
        """Keep what the server answered; a newer answer replaces an older one."""
        rows = [(instance_id, one.asked, one.jid, one.lid, one.checked_at) for one in contacts]
        await self._database.write(lambda connection: connection.executemany(self._sql["put"], rows))

    async def get(self, instance_id: str, asked: str) -> Contact | None:
        """What is known of an address, in the spelling that was asked for."""
        row: tuple[Any, ...] | None = await self._database.read(
            lambda connection: connection.execute(self._sql["get"], (instance_id, asked)).fetchone()
        )
        return None if row is None else Contact(asked=row[0], jid=row[1], lid=row[2], checked_at=row[3])
