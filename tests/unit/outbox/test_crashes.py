"""A gateway that stops at any of its commits, before or after, and another one that goes on from there."""

import asyncio
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from waypost.outbox.outbox import Outbox
from waypost.outbox.request import Request, RequestState
from waypost.storage.outbox import SqlOutboxStore
from waypost.storage.sqlite.database import opened
from waypost.testing.executor import ScriptedExecutor
from waypost.testing.outbox_house import INSTANCE, House, Receipt, rows, until

WRITES = {"accept", "prepared", "staged", "sending", "step_changed", "postponed", "ended", "merge_chats"}


class Stopping:
    """A store whose process stops at write number `at`, `before` its commit or after it."""

    def __init__(self, store: SqlOutboxStore, at: int, before: bool) -> None:
        self.store = store
        self.at = at
        self.before = before
        self.count = 0
        self.stopped = asyncio.Event()

    async def stop(self) -> None:
        self.stopped.set()
        await asyncio.Event().wait()

    def __getattr__(self, name: str) -> Any:
        method = getattr(self.store, name)
        return self._counted(method) if name in WRITES else method

    def _counted(self, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any) -> Any:
            if self.stopped.is_set():
                await self.stop()
            self.count += 1
            mine = self.count == self.at
            if mine and self.before:
                await self.stop()
            result = await method(*args)
            if mine:
                await self.stop()
            return result

        return call


async def first_life(house: House, at: int, before: bool) -> list[str]:
    """Accept two requests of one chat and stop; returns the uuids that callers were told."""
    told: list[str] = []
    executor = ScriptedExecutor(house.network)
    executor.canonical["49"] = "lid"
    async with opened(house.path) as database:
        store = Stopping(SqlOutboxStore(database), at, before)

        async def frozen(request: Request) -> None:
            if store.stopped.is_set():
                await store.stop()

        for point in ("prepare", "stage", "perform", "performed", "settle"):
            executor.always(point, frozen)
        outbox = house.make(database, executor, store=store)
        async with outbox.running():

            async def caller() -> None:
                told.append((await outbox.accept(house.call(steps=("note", "caption")))).uuid)
                told.append((await outbox.accept(house.call())).uuid)
                await outbox.wait(INSTANCE, told[0], 10)
                await outbox.wait(INSTANCE, told[1], 10)

            task = asyncio.create_task(caller())
            stop = asyncio.create_task(store.stopped.wait())
            await asyncio.wait([task, stop], return_when=asyncio.FIRST_COMPLETED)
            for one in (task, stop):
                one.cancel()
    return told


async def second_life(house: House, receipts: bool) -> dict[str, Request]:
    """Go on until everything is finished."""
    async with house.open() as (outbox, executor):
        executor.canonical["49"] = "lid"
        async with asyncio.timeout(10):
            while True:
                page = await outbox.list(INSTANCE)
                if all(request.state.finished for request in page.items):
                    return {request.uuid: request for request in page.items}
                if receipts:
                    await outbox.on_receipts([Receipt.of(one) for one in house.network.deliveries])
                elif any(request.waiting_for == "receipt" for request in page.items):
                    house.clock.advance(61)
                house.clock.advance(1)
                outbox.wake(INSTANCE)
                await asyncio.sleep(0.001)


@pytest.mark.parametrize("receipts", [True, False], ids=["receipts", "silence"])
@pytest.mark.parametrize("before", [True, False], ids=["before", "after"])
@pytest.mark.parametrize("at", range(1, 14))
async def test_a_stop_at_any_commit_loses_nothing_and_sends_nothing_twice(
    house: House, at: int, before: bool, receipts: bool
) -> None:
    told = await first_life(house, at, before)
    sent_before = len(house.network.deliveries)
    ends = await second_life(house, receipts)

    assert set(told) <= set(ends)
    names = house.network.names()
    assert len(names) == len(set(names))
    unknown = 0
    for uuid, request in ends.items():
        if request.state is RequestState.SENT:
            assert f"{uuid}/note" in names
        else:
            assert request.failure is not None
            assert request.failure.code == "outcome_unknown"
            unknown += 1
    assert unknown <= (0 if receipts else 1)
    if sent_before == 0:
        assert unknown == 0
    order = [uuid for uuid in sorted(ends, key=lambda one: ends[one].seq)]
    expected = [f"{order[0]}/note", f"{order[0]}/caption"] if order else []
    expected += [f"{order[1]}/note"] if len(order) > 1 else []
    assert [name for name in expected if name in names] == names
    if receipts:
        assert names == expected


async def test_an_abandoned_process_can_change_nothing_any_more(house: House) -> None:
    async with opened(house.path) as database:
        gate = asyncio.Event()
        old_executor = ScriptedExecutor(house.network)

        async def hold(request: Request) -> None:
            await gate.wait()

        old_executor.plan("prepare", hold)
        old = house.make(database, old_executor)
        async with old.running():
            uuid = (await old.accept(house.call())).uuid
            await until(lambda: bool(old_executor.calls))
            new = house.make(database, ScriptedExecutor(house.network))
            async with new.running():
                request = await new.wait(INSTANCE, uuid, 10)
                assert request.state is RequestState.SENT
                gate.set()
                await until(lambda: not _busy(old))
                assert len(house.network.deliveries) == 1
                assert (await new.get(INSTANCE, uuid)).state is RequestState.SENT


def _busy(outbox: Outbox) -> bool:
    return any(lane.entries() for lane in outbox._lanes)


ACCEPTING = """
import asyncio, sys
from pathlib import Path
from waypost.testing.outbox_house import House

async def main():
    house = House(Path(sys.argv[1]))
    async with house.open() as (outbox, executor):
        executor.connected = False
        async def caller(n):
            while True:
                accepted = await outbox.accept(house.call(f"c{n}"))
                sys.stdout.write(accepted.uuid + "\\n")
                sys.stdout.flush()
        await asyncio.gather(*(caller(n) for n in range(20)))

asyncio.run(main())
"""


@pytest.mark.parametrize("seconds", [0.05, 0.3])
def test_what_was_answered_outlives_kill_9(house: House, seconds: float, tmp_path: Path) -> None:
    output = tmp_path / "answered"
    with output.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", ACCEPTING, str(house.path)], stdout=file)
        try:
            _wait_for_bytes(output)
            time.sleep(seconds)
        finally:
            process.kill()
            process.wait()
    answered = {line for line in output.read_text().split("\n") if len(line) == 36}
    assert answered
    assert answered <= {row[0] for row in rows(house, "SELECT uuid FROM requests")}


def _wait_for_bytes(path: Path) -> None:
    deadline = time.monotonic() + 20
    while not path.stat().st_size:
        assert time.monotonic() < deadline
        time.sleep(0.01)
