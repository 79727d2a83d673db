"""Nodes that keep larger uploads in a real S3-compatible server."""

import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from moto.server import ThreadedMotoServer

from waypost.testing.gateway_stage import PairedInstance
from waypost.testing.nodes_stage import NodeProcess, NodesStage, nodes_stage
from waypost.testing.postgres import PostgresServer

pytestmark = pytest.mark.asyncio(loop_scope="module")

GREETING = (Path(__file__).parents[2] / "audio" / "greeting.mp3").read_bytes()
CONTACT, PHONE = "447700900210", "447700900310"
BUCKET = f"b{os.urandom(6).hex()}"


@pytest.fixture(scope="module")
def objects() -> Iterator[str]:
    """The address of a bucket."""
    server = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}/{BUCKET}"
    httpx.put(url, trust_env=False).raise_for_status()
    yield url
    server.stop()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(
    tmp_path_factory: pytest.TempPathFactory, server: PostgresServer, objects: str
) -> AsyncIterator[NodesStage]:
    settings = {
        "WAYPOST_BLOBS_URL": f"s3://{BUCKET}/uploads",
        "AWS_ENDPOINT_URL": objects.rpartition("/")[0],
        "AWS_ALLOW_HTTP": "true",
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "geheim",
    }
    url = server.url(server.create())
    folder = tmp_path_factory.mktemp("objects")
    async with nodes_stage(folder, url, [CONTACT], settings=lambda _: settings) as stage:
        yield stage
        print(stage.logs())


async def test_a_note_travels_through_the_object_store_to_the_node_that_sends_it(
    town: NodesStage, objects: str
) -> None:
    nodes = await town.running("a", "b")
    shop = await town.pair(nodes[0], "objects", PHONE)
    holder = (await town.held(lambda held: shop.id in held))[shop.id]
    other = next(node for node in nodes if node.name != holder)
    request = await _sent(town, other, shop)
    assert request["response_status"] == 201, request
    # What was uploaded, and the note that was made of it, for who asks for the message's file.
    async with httpx.AsyncClient(trust_env=False) as http:
        listed = await http.get(f"{objects}?list-type=2&prefix=uploads/")
    assert listed.text.count("<Key>uploads/") == 2


async def _sent(town: NodesStage, node: NodeProcess, shop: PairedInstance) -> dict[str, object]:
    answer = await node.http.post(
        f"{shop.base}/send-voice",
        headers=shop.headers,
        data={"chatId": f"{CONTACT}@c.us"},
        files={"file": ("greeting.mp3", GREETING)},
    )
    assert answer.status_code == 200, answer.text
    return await town.request(node, shop, answer.json()["queued_request_uuid"])
