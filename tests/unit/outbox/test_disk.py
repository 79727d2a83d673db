"""A disk that takes no writes for a while, in the middle of things."""

import asyncio
import sqlite3

import pytest

from waypost.errors import StorageError
from waypost.outbox.request import Request, RequestState
from waypost.storage.sqlite.database import opened
from waypost.testing.executor import ScriptedExecutor
from waypost.testing.outbox_house import INSTANCE, House, finished, until


class Disk(sqlite3.Connection):
    """Fails every commit while it is `broken`."""

    broken = False

    def execute(self, sql: str, *rest: object) -> sqlite3.Cursor:
        if Disk.broken and sql == "COMMIT":
            super().execute("ROLLBACK")
            raise sqlite3.OperationalError("disk I/O error")
        return super().execute(sql, *rest)  # type: ignore[arg-type]


@pytest.mark.parametrize("point", ["prepare", "stage", "perform", "performed"])
async def test_a_disk_that_fails_in_the_middle_delays_a_request_and_no_more(house: House, point: str) -> None:
    executor = ScriptedExecutor(house.network)

    async def break_disk(request: Request) -> None:
        Disk.broken = True

    executor.plan(point, break_disk)
    async with opened(house.path, Disk) as database:
        outbox = house.make(database, executor)
        async with outbox.running():
            try:
                uuid = (await outbox.accept(house.call(steps=("note", "caption")))).uuid
                await until(lambda: not database.healthy)
                with pytest.raises(StorageError):
                    await outbox.accept(house.call())
                assert not (await outbox.get(INSTANCE, uuid)).state.finished
            finally:
                Disk.broken = False
            assert (await finished(outbox, uuid)).state is RequestState.SENT
            await until(lambda: database.healthy)
            assert len((await outbox.list(INSTANCE)).items) == 1
    assert house.network.names() == [f"{uuid}/note", f"{uuid}/caption"]


async def test_nothing_is_sent_while_its_mark_cannot_be_stored(house: House) -> None:
    executor = ScriptedExecutor(house.network)

    async def break_disk(request: Request) -> None:
        Disk.broken = True

    executor.plan("stage", break_disk)
    async with opened(house.path, Disk) as database:
        outbox = house.make(database, executor)
        async with outbox.running():
            try:
                await outbox.accept(house.call())
                await until(lambda: not database.healthy)
                await asyncio.sleep(0)
                assert not any(call.startswith("perform") for call in executor.calls)
            finally:
                Disk.broken = False
            await until(lambda: len(house.network.deliveries) == 1)
