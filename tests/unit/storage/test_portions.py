"""Others wait for whoever writes: nothing that may have millions of rows goes in one transaction."""

from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from waypost.instances.instance import Instance
from waypost.storage.database import Connection
from waypost.storage.instances import SqlInstances
from waypost.storage.sqlite.database import SqliteDatabase, opened
from waypost.storage.webhooks import SqlWebhooks

ROWS = 1_200
_EVENTS = f"""
WITH RECURSIVE numbers (n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM numbers WHERE n < {ROWS})
INSERT INTO events (id, instance_id, name, key, at, stored_at, payload)
SELECT 'evt_' || n, 'shop', 'message.any', 'message:' || n, 0, 0, x'' FROM numbers
"""
_WEBHOOK = """
INSERT INTO webhooks (
    id, instance_id, url, secret, signing_secret, headers, user_id, enabled, reason, created_at
)
VALUES ('whk', 'shop', 'http://localhost', '', '', '{}', '', 1, '', 0)
"""
_DELIVERIES = """
INSERT INTO deliveries (webhook_id, event_seq, instance_id, chat, state, created_at, retry_until)
SELECT 'whk', seq, 'shop', '', 'delivered', 0, 0 FROM events
"""


@pytest.fixture
async def database(tmp_path: Path) -> AsyncIterator[SqliteDatabase]:
    async with opened(tmp_path / "waypost.db") as found:
        await SqlInstances(found).add(
            Instance(id="shop", name="shop", phone="447700900001", network="sandbox", created_at=0.0)
        )
        for sql in (_EVENTS, _WEBHOOK, _DELIVERIES):
            await found.write(lambda connection, sql=sql: connection.execute(sql).rowcount)  # type: ignore[misc]
        yield found


@pytest.mark.parametrize(
    ("delete", "rows"),
    [
        (lambda database: SqlInstances(database).delete("shop"), 2 * ROWS),
        (lambda database: SqlWebhooks(database).delete("shop", "whk"), ROWS),
    ],
    ids=["instance", "webhook"],
)
async def test_what_is_deleted_goes_in_portions(
    database: SqliteDatabase,
    monkeypatch: pytest.MonkeyPatch,
    delete: Callable[[SqliteDatabase], Awaitable[Any]],
    rows: int,
) -> None:
    changes: list[int] = []
    write = database.write

    async def counted(unit: Callable[[Connection], Any]) -> Any:
        def counting(connection: Any) -> Any:
            before = connection.total_changes
            done = unit(connection)
            changes.append(connection.total_changes - before)
            return done

        return await write(counting)

    monkeypatch.setattr(database, "write", counted)
    await delete(database)
    assert sum(changes) > rows
    assert max(changes) < ROWS
