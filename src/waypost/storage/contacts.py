from collections.abc import Sequence
from typing import Any

from waypost.instances.contacts import Contact, Naming, Person, SortBy, SortOrder
from waypost.storage.database import Database


class SqlContacts:
    """Implements `instances.contacts.ContactStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._sql = database.dialect.statements("contacts")

    async def put(self, instance_id: str, contacts: Sequence[Contact]) -> None:
        """Keep what the server answered, but for the LID; a newer answer replaces an older one."""
        rows = [(instance_id, one.asked, one.jid, one.checked_at) for one in contacts]
        await self._database.write(lambda connection: connection.executemany(self._sql["put"], rows))

    async def get(self, instance_id: str, asked: str) -> Contact | None:
        """What is known of an address, in the spelling that was asked for; without the LID."""
        row: tuple[Any, ...] | None = await self._database.read(
            lambda connection: connection.execute(self._sql["get"], (instance_id, asked)).fetchone()
        )
        return None if row is None else Contact(asked=row[0], jid=row[1], checked_at=row[2])

    async def call(self, instance_id: str, namings: Sequence[Naming]) -> None:
        """Keep what people are called."""
        rows = [
            {"instance_id": instance_id, "jid": one.jid, "name": one.name, "pushname": one.pushname}
            for one in sorted(namings, key=lambda naming: naming.jid)
        ]
        await self._database.write(lambda connection: connection.executemany(self._sql["call"], rows))

    async def person(self, instance_id: str, jid: str) -> Person | None:
        """The person with that address."""
        names = {"instance_id": instance_id, "jid": jid}
        row = await self._database.read(lambda c: c.execute(self._sql["person"], names).fetchone())
        return None if row is None else _person(row)

    async def persons(self, instance_id: str, jids: Sequence[str]) -> list[Person | None]:
        """The persons with these addresses."""
        asked = [{"instance_id": instance_id, "jid": jid} for jid in jids]
        rows = await self._database.read(
            lambda c: [c.execute(self._sql["person"], names).fetchone() for names in asked]
        )
        return [None if row is None else _person(row) for row in rows]

    async def people(
        self, instance_id: str, limit: int, offset: int, sort_by: SortBy, order: SortOrder
    ) -> list[Person]:
        """A part of all people."""
        sql = self._sql[f"by_{sort_by}" if order == "asc" else f"by_{sort_by}_desc"]
        names = {"instance_id": instance_id, "limit": limit, "offset": offset}
        rows = await self._database.read(lambda c: c.execute(sql, names).fetchall())
        return [_person(row) for row in rows]


def _person(row: tuple[Any, ...]) -> Person:
    return Person(jid=row[0], lid=row[1], name=row[2], pushname=row[3])
