"""What has served its time goes in small portions, and calls are accepted between them."""

import asyncio

from waypost.storage.sqlite.database import opened
from waypost.testing.executor import ScriptedExecutor
from waypost.testing.outbox_house import House, finished, rows

OLD = 3_000
FILL = f"""
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {OLD})
INSERT INTO requests (
    uuid, instance_id, operation, chat_key, state, epoch, request, payload, payload_version, created_at,
    expires_at, finished_at
)
SELECT 'old' || i, 'shop', 'send-voice', 'c', 'sent', 1, x'', x'', 1, 0, 0, 0 FROM n
"""


async def test_calls_are_accepted_between_the_portions_of_a_long_sweep(house: House) -> None:
    async with opened(house.path) as database:
        await database.write(lambda connection: connection.execute(FILL))
        outbox = house.make(database, ScriptedExecutor(house.network))
        async with outbox.running():
            sweeping = asyncio.create_task(outbox.sweep())
            accepted = []
            while not sweeping.done():
                accepted.append((await outbox.accept(house.call())).uuid)
            await sweeping
            # One waits for one portion at most, and there are thirty.
            assert len(accepted) >= OLD / 100 / 2
            for uuid in accepted:
                await finished(outbox, uuid)
    assert rows(house, "SELECT count(*) FROM requests WHERE uuid LIKE 'old%'") == [(0,)]
