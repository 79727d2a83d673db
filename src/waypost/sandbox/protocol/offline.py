"""Sending a device what waits for it, from its first `active` on."""

from typing import Final

from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import queue
from waypost.sandbox.state.queue import Waiting
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.node import SERVER_JID, Node

_PAGE: Final = 100
"""Rows read at once: what a device missed may be a lot."""


async def pump(network: Network, link: Link) -> None:
    """Send queued stanzas in order, those that waited marked as offline; then whatever arrives, until
    cancelled."""
    await link.active.wait()
    owner = link.device
    backlog = await network.store.run(lambda rows: queue.count(rows, owner.number, owner.device))
    left, cursor = backlog, 0
    while left:
        page = await _page(network, link, cursor, min(left, _PAGE))
        if not page:
            break
        for row in page:
            link.sent = row.seq
            await link.send(_offline(binary.decode(row.frame)))
        left, cursor = left - len(page), page[-1].seq
    await link.send(Node("ib", {"from": SERVER_JID}, (Node("offline", {"count": str(backlog)}),)))
    while True:
        link.wake.clear()
        while page := await _page(network, link, cursor, _PAGE):
            for row in page:
                link.sent = row.seq
                await link.send(binary.decode(row.frame))
            cursor = page[-1].seq
        await link.wake.wait()


async def _page(network: Network, link: Link, cursor: int, limit: int) -> list[Waiting]:
    owner = link.device
    return await network.store.run(lambda rows: queue.after(rows, owner.number, owner.device, cursor, limit))


def _offline(node: Node) -> Node:
    return Node(node.tag, {**node.attrs, "offline": "0"}, node.content)
