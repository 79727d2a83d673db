from collections import defaultdict
from collections.abc import Callable, Iterable
from typing import Any

import msgspec

from waypost.nodes.notices import Notice
from waypost.storage.database import Connection, Database
from waypost.storage.portions import in_portions
from waypost.webhooks.webhook import Webhook


class SqlWebhooks:
    """Implements `webhooks.store.WebhookStore`."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._dialect = database.dialect
        self._sql = database.dialect.statements("webhooks")
        self._deliveries = database.dialect.statements("deliveries")

    async def add(self, webhook: Webhook, most: int) -> bool:
        """Keep a new webhook; False when the instance has `most` already."""

        def unit(connection: Connection) -> bool:
            self._dialect.lock(connection, f"webhooks/{webhook.instance_id}")
            count = connection.execute(self._sql["count"], (webhook.instance_id,)).fetchone()[0]
            if count >= most:
                return False
            connection.execute(self._sql["add"], _row(webhook))
            self._put_names(connection, webhook)
            self._dialect.publish(connection, [Notice("events")])
            return True

        return await self._database.write(unit)

    async def of_instance(self, instance_id: str) -> list[Webhook]:
        """The instance's webhooks, oldest first."""

        def query(connection: Connection) -> list[Webhook]:
            rows = connection.execute(self._sql["of_instance"], (instance_id,)).fetchall()
            return [self._with_names(connection, row) for row in rows]

        return await self._database.read(query)

    async def get(self, instance_id: str, webhook_id: str) -> Webhook | None:
        """The webhook with that id."""

        def query(connection: Connection) -> Webhook | None:
            row = connection.execute(self._sql["get"], (instance_id, webhook_id)).fetchone()
            return None if row is None else self._with_names(connection, row)

        return await self._database.read(query)

    async def change(
        self, instance_id: str, webhook_id: str, how: Callable[[Webhook], Webhook]
    ) -> Webhook | None:
        """Replace what an operator may choose, while nobody else changes it."""

        def unit(connection: Connection) -> Webhook | None:
            # Whoever else changes it waits for the commit.
            if connection.execute(self._sql["touch"], (instance_id, webhook_id)).rowcount != 1:
                return None
            row = connection.execute(self._sql["get"], (instance_id, webhook_id)).fetchone()
            webhook = how(self._with_names(connection, row))
            connection.execute(self._sql["change"], _changed(webhook))
            connection.execute(self._sql["forget_names"], (webhook.id,))
            self._put_names(connection, webhook)
            connection.execute(self._deliveries["recovered"], {"webhook_id": webhook.id})
            self._dialect.publish(connection, [Notice("events")])
            return webhook

        return await self._database.write(unit)

    async def delete(self, instance_id: str, webhook_id: str) -> bool:
        """Forget a webhook with its deliveries, of which there may be millions; False when there was none."""
        if not await self._changed("disable", instance_id, webhook_id):
            return False
        await in_portions(self._database, self._sql["empty"], {"webhook_id": webhook_id})
        return await self._changed("delete", instance_id, webhook_id)

    async def _changed(self, statement: str, instance_id: str, webhook_id: str) -> bool:
        def unit(connection: Connection) -> bool:
            self._dialect.publish(connection, [Notice("events")])
            return connection.execute(self._sql[statement], (instance_id, webhook_id)).rowcount == 1

        return await self._database.write(unit)

    def _put_names(self, connection: Connection, webhook: Webhook) -> None:
        connection.executemany(self._sql["put_name"], [(webhook.id, name) for name in webhook.events])

    def _with_names(self, connection: Connection, row: tuple[Any, ...]) -> Webhook:
        names = connection.execute(self._sql["names"], (row[0],)).fetchall()
        return webhook_of(row, (name for (name,) in names))


def enabled(connection: Connection, sql: Any) -> list[Webhook]:
    """All webhooks that are enabled; `sql` are the statements of webhooks."""
    names: defaultdict[str, list[str]] = defaultdict(list)
    for webhook_id, name in connection.execute(sql["names_of_enabled"]):
        names[webhook_id].append(name)
    return [webhook_of(row, names[row[0]]) for row in connection.execute(sql["enabled"])]


def webhook_of(row: tuple[Any, ...], events: Iterable[str]) -> Webhook:
    """A webhook from the columns that every SELECT in `webhooks.sql` lists."""
    return Webhook(
        id=row[0],
        instance_id=row[1],
        url=row[2],
        events=tuple(events),
        secret=row[3],
        signing_secret=row[4],
        old_signing_secret=row[5],
        old_until=row[6],
        headers=msgspec.json.decode(row[7]),
        user_id=row[8],
        enabled=bool(row[9]),
        reason=row[10],
        failing_since=row[11],
        created_at=row[12],
    )


def _row(webhook: Webhook) -> tuple[Any, ...]:
    return (
        webhook.id,
        webhook.instance_id,
        webhook.url,
        webhook.secret,
        webhook.signing_secret,
        webhook.old_signing_secret,
        webhook.old_until,
        _json(webhook.headers),
        webhook.user_id,
        webhook.enabled,
        webhook.reason,
        webhook.failing_since,
        webhook.created_at,
    )


def _changed(webhook: Webhook) -> dict[str, Any]:
    return {
        "id": webhook.id,
        "instance_id": webhook.instance_id,
        "url": webhook.url,
        "secret": webhook.secret,
        "signing_secret": webhook.signing_secret,
        "old_signing_secret": webhook.old_signing_secret,
        "old_until": webhook.old_until,
        "headers": _json(webhook.headers),
        "user_id": webhook.user_id,
        "enabled": webhook.enabled,
        "reason": webhook.reason,
        "failing_since": webhook.failing_since,
    }


def _json(headers: dict[str, str]) -> str:
    return msgspec.json.encode(headers).decode()
