from typing import Any

from waypost.engine.port import QrCode
from waypost.instances.conditions import Shown
from waypost.instances.instance import Condition
from waypost.instances.state import ENTER_CODE, InstanceState
from waypost.nodes.lease import Tenure
from waypost.nodes.notices import Notice
from waypost.storage.database import Connection, Database


class PostgresConditions:
    """Implements `instances.conditions.ConditionStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.dialect
        self._sql = database.dialect.statements("conditions")

    async def put(self, tenure: Tenure, condition: Condition, code: QrCode | None) -> bool:
        """Keep how the instance is now."""
        names = {
            "instance_id": tenure.instance_id,
            "epoch": tenure.epoch,
            "state": condition.state.value,
            "reason": condition.reason,
            "since": condition.since,
            "until": condition.until,
            "connected_at": condition.connected_at,
            "qr_text": None if code is None else code.text,
            "qr_expires_at": None if code is None else code.expires_at,
        }

        def unit(connection: Connection) -> bool:
            stored = connection.execute(self._sql["put"], names).rowcount == 1
            if stored:
                self._dialect.publish(connection, [Notice("condition", tenure.instance_id)])
            return stored

        return await self._database.write(unit)

    async def get(self, instance_id: str) -> Shown | None:
        """How the instance is."""
        found = await self._select(instance_id)
        return found[0] if found else None

    async def all(self) -> list[Shown]:
        """How every instance is whose holder has told."""
        return await self._select("")

    async def _select(self, instance_id: str) -> list[Shown]:
        names = {"instance_id": instance_id}
        rows = await self._database.read(lambda c: c.execute(self._sql["all"], names).fetchall())
        return [_shown(row) for row in rows]


def _shown(row: tuple[Any, ...]) -> Shown:
    return Shown(
        instance_id=row[0],
        condition=Condition(
            state=InstanceState(row[1]), reason=row[2], since=row[3], until=row[4], connected_at=row[5]
        ),
        code=None if row[6] is None else QrCode(text=row[6], expires_at=row[7], typed=row[2] == ENTER_CODE),
        held=row[8],
    )
