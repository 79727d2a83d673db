from typing import Any, Final

import msgspec

from waypost.errors import NAME_TAKEN, InvalidRequest
from waypost.instances.instance import Account, Instance
from waypost.instances.overrides import Overrides
from waypost.nodes.notices import Notice
from waypost.storage.database import Connection, Database
from waypost.storage.portions import in_portions

_MUCH: Final = ("empty_events", "empty_messages", "empty_media")


class SqlInstances:
    """Implements `instances.store.InstanceStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.dialect
        self._sql = database.dialect.statements("instances")

    async def add(self, instance: Instance) -> None:
        """Keep a new instance. Raises InvalidRequest(NAME_TAKEN)."""
        row = {
            "id": instance.id,
            "name": instance.name,
            "phone": instance.phone,
            "network": instance.network,
            "created_at": instance.created_at,
            "caption_as_text": instance.caption_as_text,
            "webhook_url": instance.webhook_url,
        }

        def insert(connection: Connection) -> None:
            if connection.execute(self._sql["add"], row).rowcount == 0:
                taken = connection.execute(self._sql["name_is_taken"], row).fetchone()
                field = "name" if taken else "id"
                raise InvalidRequest({field: [NAME_TAKEN.sentence.replace("name", field, 1)]})
            self._tell(connection, instance.id, Notice("leases"))

        await self._database.write(insert)

    async def list(self) -> list[Instance]:
        """All instances, oldest first."""
        rows = await self._database.read(lambda connection: connection.execute(self._sql["all"]).fetchall())
        return [_instance(row) for row in rows]

    async def get(self, instance_id: str) -> Instance | None:
        """The instance with that id."""
        row = await self._database.read(lambda c: c.execute(self._sql["get"], (instance_id,)).fetchone())
        return None if row is None else _instance(row)

    async def set_account(self, instance_id: str, account: Account | None, ended: str = "") -> None:
        """Note which account is paired; with None, `ended` says why there is none any more."""
        row = {
            "id": instance_id,
            "jid": account and account.jid,
            "lid": account and account.lid,
            "push_name": account.push_name if account else "",
            "ended": ended,
        }
        await self._change("set_account", row)

    async def set_caption(self, instance_id: str, as_text: bool) -> None:
        """Note whether a caption follows a voice note as a text."""
        row = {"id": instance_id, "caption_as_text": as_text}
        await self._change("set_caption", row)

    async def set_overrides(self, instance_id: str, overrides: Overrides) -> None:
        """Note what the operator chose for this instance alone."""
        row = {"id": instance_id, "overrides": msgspec.json.encode(overrides).decode()}
        await self._change("set_overrides", row)

    async def delete(self, instance_id: str) -> None:
        """Forget an instance with its tokens, contacts and messages. What there may be millions of goes in
        portions, since nobody else can write during one; the instance itself goes last.
        """
        for statement in _MUCH:
            await in_portions(self._database, self._sql[statement], {"id": instance_id})
        await self._change("delete", {"id": instance_id})

    async def _change(self, statement: str, row: dict[str, Any]) -> None:
        def unit(connection: Connection) -> None:
            connection.execute(self._sql[statement], row)
            self._tell(connection, row["id"])

        await self._database.write(unit)

    def _tell(self, connection: Connection, instance_id: str, *more: Notice) -> None:
        self._dialect.publish(connection, [Notice("instances", instance_id), *more])


def _instance(row: tuple[Any, ...]) -> Instance:
    return Instance(
        id=row[0],
        name=row[1],
        phone=row[2],
        network=row[3],
        created_at=row[4],
        caption_as_text=bool(row[5]),
        webhook_url=row[6],
        ended=row[7],
        account=Account(jid=row[8], lid=row[9], push_name=row[10]) if row[8] else None,
        overrides=msgspec.json.decode(row[11], type=Overrides),
    )
