"""Events with several nodes: one delivers, all tell live, and another goes on after a death."""

import asyncio
import json
from typing import Any

import pytest
from tests.network.nodes.conftest import CONTACTS

from waypost.testing.gateway_stage import PairedInstance
from waypost.testing.nodes_stage import NodeProcess, NodesStage
from waypost.testing.receiver import receiving

pytestmark = pytest.mark.asyncio(loop_scope="package")

EVENT = "queued_request.finished"


async def live(
    node: NodeProcess,
    shop: PairedInstance,
    wanted: int,
    last: str | None = None,
    is_open: asyncio.Event | None = None,
) -> list[Any]:
    """As many events as wanted, from a stream at that node: their numbers and uuids."""
    headers = {**shop.headers, **({"Last-Event-ID": last} if last else {})}
    found: list[Any] = []
    async with node.http.stream("GET", f"{shop.base}/events?events={EVENT}", headers=headers) as answer:
        seq = ""
        async for line in answer.aiter_lines():
            name, _, value = line.partition(": ")
            if name == "retry" and is_open is not None:
                is_open.set()
            if name == "id":
                seq = value
            if name == "data":
                found.append((seq, json.loads(value)["data"]["payload"]["uuid"]))
            if len(found) == wanted:
                return found
    return found


async def test_events_are_delivered_once_told_live_at_any_node_and_go_on_after_a_death(
    town: NodesStage,
) -> None:
    one, other = await town.running("a", "b")
    shop = await town.pair(one, "eventful", "447700900377")
    held = await town.held(lambda held: shop.id in held)
    holder, asked = (one, other) if held[shop.id] == one.name else (other, one)
    async with receiving() as receiver, asyncio.timeout(90):
        body = {"url": receiver.url, "events": [EVENT]}
        made = await asked.http.post(f"{shop.base}/webhooks", headers=shop.headers, json=body)
        assert made.status_code == 200, made.text
        opened = [asyncio.Event(), asyncio.Event()]
        streams = [
            asyncio.create_task(live(node, shop, 2, is_open=is_open))
            for node, is_open in zip((holder, asked), opened, strict=True)
        ]
        for is_open in opened:
            await is_open.wait()
        sent = [await town.send(asked, shop, CONTACTS[8], f"event {n}") for n in range(2)]
        came = await receiver.until(2)
        assert [one.payload["uuid"] for one in came] == sent
        told = [await stream for stream in streams]
        assert told[0] == told[1]
        assert [uuid for _, uuid in told[0]] == sent
        await holder.process.kill()
        sent.append(await town.send(asked, shop, CONTACTS[8], "after a death"))
        came = await receiver.until(3)
        assert [one.payload["uuid"] for one in came] == sent
        (missed,) = await live(asked, shop, 1, told[0][-1][0])
        assert missed[1] == sent[-1]
    await asked.http.delete(shop.base, headers=shop.headers)
