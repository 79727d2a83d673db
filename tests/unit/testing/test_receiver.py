"""The receiver of webhooks that tests use, at its end."""

import asyncio
import contextlib
import gc

from waypost.testing.receiver import receiving


async def test_whoever_connects_while_it_stops_is_left_open_by_nobody() -> None:
    for turns in range(60):
        async with receiving() as receiver:
            port = int(receiver.url.split(":")[2].split("/")[0])
            coming = [asyncio.create_task(asyncio.open_connection("127.0.0.1", port)) for _ in range(3)]
            for _ in range(turns % 12):
                await asyncio.sleep(0)
        for one in coming:
            with contextlib.suppress(OSError):
                _, writer = await one
                writer.close()
                await writer.wait_closed()
    # What is left open says so when it is collected, which fails this test.
    gc.collect()
