"""The dashboard of two nodes behind one address: whatever a browser asks may reach another node each time."""

import asyncio
import contextlib
import itertools
from collections import Counter
from collections.abc import AsyncIterator, Sequence

import pytest

from waypost.testing.dashboard import Visitor
from waypost.testing.nodes_stage import NodeProcess, NodesStage

pytestmark = pytest.mark.asyncio(loop_scope="package")


@contextlib.asynccontextmanager
async def balanced(nodes: Sequence[NodeProcess]) -> AsyncIterator[tuple[str, Counter[int]]]:
    """An address whose connections go to these nodes in turn, and how many each has got, by its port."""
    served: Counter[int] = Counter()
    turns = itertools.cycle([int(node.http.base_url.port or 0) for node in nodes])

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(65_536):
            writer.write(data)
            await writer.drain()
        writer.write_eof()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        port = next(turns)
        served[port] += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", port)
        with contextlib.suppress(OSError):
            await asyncio.gather(carry(reader, far_writer), carry(far_reader, writer))
        far_writer.close()
        writer.close()

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
        yield f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}", served


async def test_a_sign_in_is_good_at_every_node_until_it_ends_at_one(town: NodesStage) -> None:
    nodes = await town.running("a", "b")
    made = await town.create(nodes[0], "seen by all", "447700900398")
    holder = town.nodes[(await town.held(lambda held: made["id"] in held))[made["id"]]]
    async with balanced(nodes) as (url, served), Visitor(url) as visitor:
        visitor.http.headers["Connection"] = "close"
        assert (await visitor.sign_in(town.admin["Authorization"].removeprefix("Bearer "))).status_code == 303
        # In turn: one node shows pages, and the other one gets their forms.
        for _ in range(3):
            page = await visitor.get(f"/instances/{made['id']}")
            assert page.status_code == 200
            assert f", {holder.http.base_url.netloc.decode()}</dd>" in page.text
            form = {"instance": made["id"], "scopes": ["read"], "name": "both"}
            assert "Here is the new token" in (await visitor.post("/tokens", form)).text
        assert (await visitor.post("/sign-out")).status_code == 303
        assert len(served) == 2
        assert min(served.values()) >= 4, served
        for _ in nodes:
            assert (await visitor.get("/")).headers["location"] == "/sign-in"
    gone = await nodes[1].http.delete(f"/api/whatsapp/v2/{made['id']}", headers=town.admin)
    assert gone.status_code == 200, gone.text
