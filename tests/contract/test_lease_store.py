"""What every LeaseStore keeps to: the double that tests of the tenancy use, and the one that nodes share."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass

import pytest

from waypost.clock import SystemClock
from waypost.instances.instance import Instance
from waypost.nodes.lease import Node, Tenure
from waypost.nodes.store import LeaseStore
from waypost.storage.instances import SqlInstances
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.leases import PostgresLeases
from waypost.storage.postgres.target import Target
from waypost.testing.leases import MemoryLeases

TTL = 30.0
# Long enough that a busy machine does not let it pass between two calls.
SHORT = 0.5


@dataclass(frozen=True)
class Stage:
    store: LeaseStore
    add: Callable[[str], Awaitable[None]]


@pytest.fixture(params=["memory", "postgres"])
async def stage(request: pytest.FixtureRequest) -> AsyncIterator[Stage]:
    if request.param == "memory":
        leases = MemoryLeases(SystemClock(), asyncio.sleep)

        async def add(name: str) -> None:
            leases.add(name)

        yield Stage(leases, add)
        return
    target = Target(request.getfixturevalue("postgres_url"))
    async with connected(target, writers=2, readers=1) as database:
        instances = SqlInstances(database)

        async def make(name: str) -> None:
            await instances.add(Instance(id=name, name=name, phone="1", network="sandbox", created_at=1.0))

        yield Stage(PostgresLeases(database), make)


def node(name: str, draining: bool = False) -> Node:
    return Node(node_id=name, name=name, url=f"http://{name}", started_at=1.0, draining=draining)


async def test_a_lease_is_made_with_its_instance_and_claimed_once(stage: Stage) -> None:
    for name in ("i1", "i2", "i3"):
        await stage.add(name)
    one, two = await asyncio.gather(stage.store.claim("a", TTL, 2), stage.store.claim("b", TTL, 2))
    claimed = [*one, *two, *await stage.store.claim("b", TTL, 5)]
    assert {tenure.instance_id for tenure in claimed} == {"i1", "i2", "i3"}
    assert {tenure.epoch for tenure in claimed} == {1}
    assert len(claimed) == 3


async def test_each_claim_begins_an_epoch_and_the_old_holder_learns_that_it_has_lost(stage: Stage) -> None:
    await stage.add("i1")
    assert await stage.store.claim("a", SHORT, 1) == [Tenure("i1", 1)]
    async with asyncio.timeout(20):
        while not (claimed := await stage.store.claim("b", TTL, 1)):
            await asyncio.sleep(0.05)
    assert claimed == [Tenure("i1", 2)]
    assert await stage.store.renew(node("a"), TTL) == []
    assert await stage.store.renew(node("b"), TTL) == [Tenure("i1", 2)]


async def test_what_is_renewed_is_not_claimed(stage: Stage) -> None:
    await stage.add("i1")
    await stage.store.claim("a", SHORT, 1)
    assert await stage.store.renew(node("a"), TTL) == [Tenure("i1", 1)]
    await asyncio.sleep(2 * SHORT)
    assert await stage.store.claim("b", TTL, 1) == []


async def test_a_lease_that_is_freed_is_free_at_once_but_only_by_its_holder(stage: Stage) -> None:
    await stage.add("i1")
    await stage.store.claim("a", TTL, 1)
    await stage.store.free("b", [Tenure("i1", 1)])
    await stage.store.free("a", [Tenure("i1", 7)])
    assert await stage.store.claim("b", TTL, 1) == []
    await stage.store.free("a", [Tenure("i1", 1)])
    assert await stage.store.claim("b", TTL, 1) == [Tenure("i1", 2)]


async def test_the_one_that_is_free_for_longest_is_claimed_first(stage: Stage) -> None:
    for name in ("i1", "i2"):
        await stage.add(name)
    for tenure in sorted(await stage.store.claim("a", TTL, 2), key=lambda one: one.instance_id, reverse=True):
        await stage.store.free("a", [tenure])
        await asyncio.sleep(0.01)
    assert await stage.store.claim("b", TTL, 1) == [Tenure("i2", 2)]


async def test_owners_are_those_who_hold_leases_now(stage: Stage) -> None:
    for name in ("i1", "i2"):
        await stage.add(name)
    await stage.store.renew(node("a"), TTL)
    await stage.store.renew(node("b"), TTL)
    (first,) = await stage.store.claim("a", TTL, 1)
    (second,) = await stage.store.claim("b", TTL, 1)
    assert await stage.store.owners() == {first.instance_id: node("a"), second.instance_id: node("b")}
    await stage.store.free("b", [second])
    assert await stage.store.owners() == {first.instance_id: node("a")}


async def test_the_census_counts_who_is_alive_and_what_they_hold(stage: Stage) -> None:
    for name in ("i1", "i2", "i3"):
        await stage.add(name)
    await stage.store.renew(node("b"), TTL)
    await stage.store.renew(node("a"), TTL)
    await stage.store.renew(node("a", draining=True), TTL)
    await stage.store.claim("a", TTL, 2)
    census = await stage.store.census(TTL)
    assert census.leases == 3
    assert [(one.node, one.held) for one in census.nodes] == [(node("a", draining=True), 2), (node("b"), 0)]
    await stage.store.leave("a")
    census = await stage.store.census(TTL)
    assert [one.node.node_id for one in census.nodes] == ["b"]
    assert len(await stage.store.claim("b", TTL, 9)) == 3


async def test_the_census_tells_when_the_first_lease_runs_out_and_who_is_silent(stage: Stage) -> None:
    await stage.add("i1")
    await stage.add("i2")
    await stage.store.renew(node("a"), TTL)
    assert (await stage.store.census(TTL)).next_end is None
    await stage.store.claim("a", TTL, 1)
    await stage.store.claim("b", 2 * TTL, 1)
    await asyncio.sleep(0.3)
    census = await stage.store.census(TTL)
    assert census.next_end is not None
    assert TTL - 25.0 < census.next_end <= TTL - 0.25
    assert [0.25 <= one.silent < 25.0 for one in census.nodes] == [True]


async def test_a_silent_node_is_not_counted(stage: Stage) -> None:
    await stage.store.renew(node("a"), TTL)
    await asyncio.sleep(0.6)
    await stage.store.renew(node("b"), TTL)
    assert [one.node.node_id for one in (await stage.store.census(0.55)).nodes] == ["b"]
