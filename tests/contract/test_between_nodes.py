"""What nodes write down for each other: conditions, orders, and word of both."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest

from waypost.engine.port import QrCode
from waypost.instances.instance import Account, Condition, Instance
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

WORKING = Condition(state=InstanceState.WORKING, reason="", since=5.0, connected_at=5.0)
SCAN = Condition(state=InstanceState.SCAN_QR_CODE, reason="scan_qr_code", since=6.5)
CODE = QrCode(text="2@abc", expires_at=9.5)


@dataclass
class Base:
    database: PostgresDatabase
    notices: PostgresNotices
    instances: SqlInstances
    leases: PostgresLeases
    conditions: PostgresConditions
    orders: PostgresOrders


@pytest.fixture
async def base(postgres_url: str) -> AsyncIterator[Base]:
    target = Target(postgres_url)
    async with connected(target, 2, 1) as database:
        base = Base(
            database,
            PostgresNotices(database, target),
            SqlInstances(database),
            PostgresLeases(database),
            PostgresConditions(database),
            PostgresOrders(database),
        )
        await base.instances.add(
            Instance(id="x", name="x", phone="1", network="sandbox", created_at=1.0, webhook_url="https://w")
        )
        yield base


async def test_a_condition_is_read_as_it_was_told_and_says_whether_somebody_holds_it(base: Base) -> None:
    assert await base.conditions.get("x") is None
    (tenure,) = await base.leases.claim("a", 0.4, 1)
    assert await base.conditions.put(tenure, SCAN, CODE)
    shown = await base.conditions.get("x")
    assert shown is not None
    assert (shown.condition, shown.code, shown.held) == (SCAN, CODE, True)
    await asyncio.sleep(0.4)
    (shown,) = await base.conditions.all()
    assert not shown.held
    (tenure,) = await base.leases.claim("b", 30.0, 1)
    (shown,) = await base.conditions.all()
    assert not shown.held, "the next holder has not told yet"
    assert await base.conditions.put(tenure, WORKING, None)
    (shown,) = await base.conditions.all()
    assert (shown.condition, shown.code, shown.held) == (WORKING, None, True)


async def test_who_held_an_instance_before_tells_nothing_any_more(base: Base) -> None:
    assert await base.conditions.put(Tenure("x", 2), WORKING, None)
    assert not await base.conditions.put(Tenure("x", 1), SCAN, CODE)
    (shown,) = await base.conditions.all()
    assert shown.condition == WORKING
    assert not await base.conditions.put(Tenure("gone", 1), WORKING, None)


async def test_an_order_is_carried_out_once_and_tells_how_it_ended(base: Base) -> None:
    orders = [
        Order(id="o2", instance_id="x", kind="restart", made_at=2.0),
        Order(id="o1", instance_id="x", kind="pair", made_at=1.0),
        Order(id="o3", instance_id="y", kind="delete", made_at=3.0),
    ]
    for order in orders:
        await base.orders.place(order)
    assert await base.orders.open(["x", "z"]) == [orders[1], orders[0]]
    assert await base.orders.outcome("o1") is None
    await base.orders.done("o1", None)
    await base.orders.done("o1", "internal")
    assert await base.orders.outcome("o1") == Done(None)
    await base.orders.done("o2", "already_connected")
    assert await base.orders.outcome("o2") == Done("already_connected")
    assert await base.orders.open(["x", "y"]) == [orders[2]]
    await base.orders.forget(3.0)
    assert await base.orders.outcome("o2") is None
    assert await base.orders.open(["x", "y"]) == [orders[2]]


async def test_everyone_hears_of_what_changes(base: Base) -> None:
    listening = base.notices.listen()
    heard: list[Notice] = [await asyncio.wait_for(anext(listening), 10)]
    (tenure,) = await base.leases.claim("a", 30.0, 1)
    await base.conditions.put(tenure, WORKING, None)
    await base.orders.place(Order(id="o1", instance_id="x", kind="pair", made_at=1.0))
    await base.orders.done("o1", None)
    await base.leases.free("a", [tenure])
    await base.instances.set_account("x", Account(jid="1@s.whatsapp.net"))
    await base.instances.delete("x")
    async with asyncio.timeout(10):
        while len(heard) < 7:
            heard.append(await anext(listening))
    assert heard == [
        Notice("missed"),
        Notice("condition", "x"),
        Notice("order", "x"),
        Notice("ordered", "x", "o1"),
        Notice("leases"),
        Notice("instances", "x"),
        Notice("instances", "x"),
    ]
    assert await base.leases.claim("b", 30.0, 9) == []
