import asyncio
import uuid
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from waypost.clock import Clock
from waypost.events import Event
from waypost.nodes.notices import Notice
from waypost.origin import Origin, origin
from waypost.outbox.request import Request
from waypost.outbox.store import Ending
from waypost.storage.database import Connection, Database, Dialect
from waypost.webhooks.finished import finished_event
from waypost.webhooks.journal import Entry

# A transaction that writes events lasts a few milliseconds.
_LOOK_SECONDS: Final = 0.005


class EventRows:
    """Rows of events and what webhooks are owed of them; used within a unit of work."""

    def __init__(self, dialect: Dialect, retry_seconds: float, holds: Callable[[str], bool]) -> None:
        """`retry_seconds`: how long deliveries are tried; `holds`: whether this process delivers for an
        instance. Another one is told by a notice.
        """
        self._dialect = dialect
        self._sql = dialect.statements("events")
        self._retry_seconds = retry_seconds
        self._holds = holds

    def put(self, connection: Connection, events: Iterable[Event], now: float) -> None:
        """Store events in this order; one that is there already stays as it is."""
        foreign: dict[str, None] = {}
        for event in events:
            names = {
                "id": f"evt_{uuid.uuid4().hex}",
                "instance_id": event.instance_id,
                "name": event.name,
                "key": event.key,
                "chat": event.chat,
                "at": event.at,
                "now": now,
                "payload": msgspec.json.encode(event.payload),
                "request_id": event.request_id,
                "traceparent": event.traceparent,
            }
            if connection.execute(self._sql["put"], names).rowcount == 1:
                owed = {"instance_id": event.instance_id, "key": event.key, "now": now}
                connection.execute(self._sql["fan_out"], owed | {"retry_until": now + self._retry_seconds})
                if not self._holds(event.instance_id):
                    foreign[event.instance_id] = None
        self._dialect.publish(connection, [Notice("events", instance_id) for instance_id in foreign])


class SqlEvents:
    """Implements `webhooks.journal.EventStore`."""

    def __init__(self, database: Database, rows: EventRows, clock: Clock) -> None:
        self._database = database
        self._rows = rows
        self._clock = clock
        self._sql = database.dialect.statements("events")

    async def put(self, events: Sequence[Event]) -> None:
        """Keep events in this order."""
        now, who = self._clock.now(), origin()
        if who is not None:
            events = [_of_call(event, who) for event in events]
        await self._database.write(lambda connection: self._rows.put(connection, events, now))

    async def settled(self) -> int:
        """The largest `seq` such that nothing will be stored below it any more.

        Several connections number events before they commit, so one with a lower number may come later. Who
        was writing when the number was read has to end first.
        """
        number, writing = await self._database.read(self._numbered)
        while writing:
            await asyncio.sleep(_LOOK_SECONDS)
            writing &= (await self._database.read(self._numbered))[1]
        return number

    def _numbered(self, connection: Connection) -> tuple[int, set[str]]:
        number: int = connection.execute(self._sql["numbered"]).fetchone()[0]
        return number, {row[0] for row in connection.execute(self._sql["writing"])}

    async def after(self, instance_id: str, seq: int, until: int, limit: int) -> list[Entry]:
        """The instance's events after `seq`, in order."""
        names = {"instance_id": instance_id, "after": seq, "until": until, "limit": limit}
        rows = await self._database.read(lambda c: c.execute(self._sql["after"], names).fetchall())
        return [entry_of(row) for row in rows]

    async def forget(self, before: float, limit: int) -> int:
        """Remove events that were stored before that time."""
        names = {"before": before, "limit": limit}
        return await self._database.write(lambda c: c.execute(self._sql["forget"], names).rowcount)


class FinishedEvents:
    """Implements `storage.outbox.EndListener`: a request's end and its event are one commit."""

    def __init__(self, rows: EventRows, told: Callable[[list[str]], None]) -> None:
        """`told`: who is to hear of instances that have new events."""
        self._rows = rows
        self._told = told

    def ended(self, connection: Connection, request: Request, ending: Ending) -> None:
        """Store the event beside the ending."""
        self._rows.put(connection, [finished_event(request, ending)], ending.at)

    def committed(self, instance_id: str) -> None:
        """The ending is durable."""
        self._told([instance_id])


def _of_call(event: Event, who: Origin) -> Event:
    if event.request_id is not None:
        return event
    return msgspec.structs.replace(event, request_id=who.request_id, traceparent=who.traceparent)


def entry_of(row: tuple[Any, ...]) -> Entry:
    """An event from its columns: seq, id, instance, name, chat, at, payload, request id, traceparent."""
    return Entry(
        seq=row[0],
        id=row[1],
        instance_id=row[2],
        name=row[3],
        chat=row[4],
        at=row[5],
        payload=msgspec.Raw(row[6]),
        request_id=row[7],
        traceparent=row[8],
    )
