"""Gateways as processes on one PostgreSQL: any of them is asked, one holds, and another takes over."""

import asyncio
import itertools
import os
import signal
import time

from tests.network.nodes.conftest import CONTACTS

from waypost.testing.gateway_stage import BASE
from waypost.testing.nodes_stage import NodesStage

PHONES = [f"4477009003{n:02}" for n in range(10)]


async def test_any_node_pairs_accepts_answers_and_what_it_accepts_is_sent_once_and_in_order(
    town: NodesStage,
) -> None:
    first = await town.start("a")
    second = await town.start("b")
    # Who creates it and who holds it are told apart below: it can be either.
    shop = await town.pair(first, "shop", PHONES[0])
    holder = (await town.held(lambda held: shop.id in held))[shop.id]
    other = second if holder == "a" else first
    listed = (await other.http.get(f"{BASE}/instances", headers=town.admin)).json()
    assert [(one["id"], one["status"]) for one in listed] == [(shop.id, "WORKING")]
    texts = [f"text {n}" for n in range(12)]
    nodes = itertools.cycle((first, second))
    uuids = [await town.send(next(nodes), shop, CONTACTS[0], text) for text in texts]
    for uuid in uuids:
        request = await town.request(other, shop, uuid)
        assert request["response_status"] == 201, request
    assert await town.texts(CONTACTS[0], len(texts)) == texts

    async def order(name: str) -> None:
        answer = await other.http.post(f"{shop.base}/{name}", headers=shop.headers)
        assert answer.status_code == 200, answer.text

    await order("restart")
    await town.status(other, shop, "WORKING")
    await order("logout")
    await town.status(first, shop, "STOPPED")
    await town.status(second, shop, "STOPPED")
    code = await other.http.post(f"{shop.base}/request-new-qr-code", headers=shop.headers)
    assert code.json()["status"] == "SCAN_QR_CODE", code.text
    await town.control.scan(f"+{PHONES[0]}", code.json()["qr_text"])
    await town.status(other, shop, "WORKING")
    assert (await other.http.delete(shop.base, headers=shop.headers)).status_code == 200
    for node in (first, second):
        answer = await node.http.get(f"{BASE}/instances", headers=town.admin)
        assert answer.json() == [] or node is not other


async def test_what_a_killed_node_held_is_sent_by_another_within_ten_seconds(town: NodesStage) -> None:
    first = await town.start("a")
    shop = await town.pair(first, "shop", PHONES[1])
    second = await town.start("b")
    await town.held(lambda held: held.get(shop.id) == "a")
    before = [await town.send(second, shop, CONTACTS[0], f"before {n}") for n in range(3)]
    for uuid in before:
        await town.request(second, shop, uuid)
    waiting = await town.send(first, shop, CONTACTS[1], "in between")
    killed = time.monotonic()
    await first.process.kill()
    uuid = await town.send(second, shop, CONTACTS[0], "after")
    request = await town.request(second, shop, uuid)
    took = time.monotonic() - killed
    assert request["response_status"] == 201, request
    assert await town.texts(CONTACTS[0], 4) == [*(f"before {n}" for n in range(3)), "after"]
    print(f"sending again {took:.1f} s after the kill")
    assert took < 10.0
    settled = await town.request(second, shop, waiting)
    assert settled["response_status"] in (201, 500), settled
    assert (await town.texts(CONTACTS[1], 1)) == ["in between"]


async def test_a_node_that_is_stopped_hands_over_without_a_pause(town: NodesStage) -> None:
    first = await town.start("a")
    shop = await town.pair(first, "shop", PHONES[2])
    second = await town.start("b")
    await town.held(lambda held: held.get(shop.id) == "a")
    uuids = [await town.send(second, shop, CONTACTS[2], f"text {n}") for n in range(3)]
    stopped = time.monotonic()
    stopping = asyncio.create_task(first.process.stop())
    uuids += [await town.send(second, shop, CONTACTS[2], f"text {n}") for n in range(3, 6)]
    for uuid in uuids:
        assert (await town.request(second, shop, uuid))["response_status"] == 201
    took = time.monotonic() - stopped
    print(f"the last was sent {took:.1f} s after SIGTERM")
    await stopping
    assert await town.texts(CONTACTS[2], 6) == [f"text {n}" for n in range(6)]
    assert took < 5.0
    assert list((await town.held(lambda held: held.get(shop.id) == "b")).values()) == ["b"]


async def test_nodes_that_join_get_their_share_and_everything_goes_on(town: NodesStage) -> None:
    first = await town.start("a")
    shops = [await town.pair(first, f"shop {n}", PHONES[3 + n]) for n in range(3)]
    second, third = await town.start("b"), await town.start("c")
    held = await town.held(lambda held: sorted(held.values()) == ["a", "b", "c"], 30.0)
    for shop in shops:
        assert held[shop.id] in ("a", "b", "c")
        for node in (first, second, third):
            await town.status(node, shop, "WORKING")
    for number, shop in enumerate(shops):
        uuid = await town.send(third, shop, CONTACTS[0], f"from {number}")
        assert (await town.request(second, shop, uuid))["response_status"] == 201


async def test_a_node_that_was_halted_has_lost_what_it_held_when_it_wakes(town: NodesStage) -> None:
    first = await town.start("a")
    shop = await town.pair(first, "shop", PHONES[6])
    second = await town.start("b")
    await town.held(lambda held: held.get(shop.id) == "a")
    pids = [first.process.pid, *(engine.pid for engine in first.engines())]
    for pid in pids:
        os.kill(pid, signal.SIGSTOP)
    try:
        uuid = await town.send(second, shop, CONTACTS[1], "meanwhile")
        await town.held(lambda held: held.get(shop.id) == "b", 15.0)
    finally:
        for pid in pids:
            os.kill(pid, signal.SIGCONT)
    assert (await town.request(second, shop, uuid))["response_status"] == 201
    uuid = await town.send(first, shop, CONTACTS[1], "afterwards")
    assert (await town.request(first, shop, uuid))["response_status"] == 201
    assert await town.texts(CONTACTS[1], 2) == ["meanwhile", "afterwards"]
