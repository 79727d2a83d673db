import asyncio
from collections.abc import AsyncIterator, Callable

import pytest

from waypost.engine.port import QrCode
from waypost.instances.conditions import Shown
from waypost.instances.instance import Condition, Instance
from waypost.instances.orders import Done, Order
from waypost.instances.state import InstanceState
from waypost.nodes.lease import Tenure
from waypost.nodes.notices import Notice
from waypost.storage.instances import SqlInstances
from waypost.storage.postgres.conditions import PostgresConditions
from waypost.storage.postgres.database import PostgresDatabase, connected
from waypost.storage.postgres.leases import PostgresLeases
from waypost.storage.postgres.notices import PostgresNotices
from waypost.storage.postgres.orders import PostgresOrders
from waypost.storage.postgres.target import Target
from waypost.testing.postgres import PostgresServer

INSTANCE = Instance(id="i1", name="shop", phone="1", network="sandbox", created_at=1.0)
CONDITION = Condition(state=InstanceState.WORKING, reason="connected", since=5.0, connected_at=6.0)


@pytest.fixture
async def database(postgres_url: str) -> AsyncIterator[PostgresDatabase]:
    async with connected(Target(postgres_url), writers=2, readers=1) as found:
        yield found


class Ear:
    """Listens in the background."""

    def __init__(self, notices: PostgresNotices) -> None:
        self.heard: list[Notice] = []
        self._task = asyncio.create_task(self._listen(notices))

    async def _listen(self, notices: PostgresNotices) -> None:
        async for notice in notices.listen():
            self.heard.append(notice)

    async def until(self, condition: Callable[[list[Notice]], bool]) -> list[Notice]:
        async with asyncio.timeout(20):
            while not condition(self.heard):
                await asyncio.sleep(0.01)
        return self.heard

    async def close(self) -> None:
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


@pytest.fixture
async def ear(database: PostgresDatabase, postgres_url: str) -> AsyncIterator[Ear]:
    made = Ear(PostgresNotices(database, Target(postgres_url)))
    await made.until(lambda heard: heard == [Notice("missed")])
    yield made
    await made.close()


async def test_what_a_store_changes_is_told(database: PostgresDatabase, ear: Ear) -> None:
    await SqlInstances(database).add(INSTANCE)
    await ear.until(lambda heard: len(heard) == 3)
    assert await PostgresConditions(database).put(Tenure("i1", 1), CONDITION, None)
    orders = PostgresOrders(database)
    await orders.place(Order(id="o1", instance_id="i1", kind="restart", made_at=1.0))
    await orders.done("o1", None)
    (held,) = await PostgresLeases(database).claim("a", 30.0, 1)
    await PostgresLeases(database).free("a", [held])
    await SqlInstances(database).delete("i1")
    wanted = [
        Notice("missed"),
        Notice("instances", "i1"),
        Notice("leases"),
        Notice("condition", "i1"),
        Notice("order", "i1"),
        Notice("ordered", "i1", "o1"),
        Notice("leases"),
        Notice("instances", "i1"),
    ]
    assert await ear.until(lambda heard: len(heard) == len(wanted)) == wanted


async def test_what_is_told_twice_in_one_commit_is_heard_once(database: PostgresDatabase, ear: Ear) -> None:
    await PostgresNotices(database, Target("postgresql://")).publish([Notice("leases"), Notice("leases")])
    await PostgresNotices(database, Target("postgresql://")).publish([Notice("requests", "i1")])
    heard = await ear.until(lambda heard: heard[-1] == Notice("requests", "i1"))
    assert heard == [Notice("missed"), Notice("leases"), Notice("requests", "i1")]


async def test_a_listener_that_was_cut_off_says_that_it_may_have_missed_something(
    database: PostgresDatabase, ear: Ear, postgres_server: PostgresServer
) -> None:
    postgres_server.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'LISTEN%'"
    )
    await ear.until(lambda heard: heard == [Notice("missed"), Notice("missed")])
    await PostgresNotices(database, Target("postgresql://")).publish([Notice("leases")])
    await ear.until(lambda heard: heard[-1] == Notice("leases"))


async def test_a_condition_of_an_earlier_holder_does_not_replace_a_later_one_s(
    database: PostgresDatabase,
) -> None:
    conditions = PostgresConditions(database)
    assert not await conditions.put(Tenure("i1", 1), CONDITION, None)
    await SqlInstances(database).add(INSTANCE)
    assert await conditions.get("i1") is None
    code = QrCode(text="2@abc", expires_at=9.0)
    assert await conditions.put(Tenure("i1", 2), CONDITION, code)
    assert not await conditions.put(Tenure("i1", 1), CONDITION, None)
    shown = Shown(instance_id="i1", condition=CONDITION, code=code, held=False)
    assert await conditions.get("i1") == shown
    for epoch, held in ((1, False), (2, True)):
        (tenure,) = await PostgresLeases(database).claim("a", 30.0, 1)
        assert tenure.epoch == epoch
        assert [one.held for one in await conditions.all()] == [held]
        await PostgresLeases(database).free("a", [tenure])
    await SqlInstances(database).delete("i1")
    assert await conditions.all() == []


async def test_an_order_outlives_its_instance_until_it_is_old(database: PostgresDatabase) -> None:
    orders = PostgresOrders(database)
    placed = [Order(id=f"o{n}", instance_id="i1", kind="delete", made_at=float(n)) for n in (2, 1)]
    for order in placed:
        await orders.place(order)
    assert await orders.open(["i1", "other"]) == placed[::-1]
    assert await orders.open([]) == []
    assert await orders.outcome("o1") is None
    await orders.done("o1", "instance_not_found")
    await orders.done("o1", None)
    assert await orders.outcome("o1") == Done("instance_not_found")
    assert await orders.open(["i1"]) == placed[:1]
    await orders.forget(1.5)
    assert await orders.outcome("o1") is None
