"""App state (`w:sync:app:state`): collections of patches that the server numbers and can't read."""

import sqlite3
from typing import Final

from waypost.sandbox.protocol import notices
from waypost.sandbox.protocol.link import Link, Owner
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import sync
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import Node
from waypost.sandbox.wire.sync import COLLECTIONS, numbered, read_patch

_PAGE: Final = 100
"""Patches in one answer."""
_CONFLICT: Final = Node("error", {"code": "409", "text": "conflict"})


async def take(network: Network, link: Link, request: Node) -> tuple[Node, ...]:
    """Answer each collection: the patches behind the client's version, or the number of the one it sends."""
    owner, now = link.device, network.clock.now()
    asked = list(request.need_child("sync").children("collection"))

    def answer(rows: sqlite3.Connection) -> tuple[list[Node], notices.Touched]:
        touched: notices.Touched = []
        answers = [_collection(rows, network, owner, one, now, touched) for one in asked]
        return answers, touched

    answers, touched = await network.store.run(answer)
    network.wake(touched)
    return (Node("sync", {}, tuple(answers)),)


def announce(
    rows: sqlite3.Connection, network: Network, number: str, name: str, now: float, but: int | None
) -> notices.Touched:
    """Tell the other devices that a collection has a new patch."""
    version = str(sync.version(rows, number, name))
    content = (Node("collection", {"name": name, "version": version}),)
    return notices.put(rows, number, "server_sync", content, network.request_id(), now, but=but)


def _collection(
    rows: sqlite3.Connection,
    network: Network,
    owner: Owner,
    asked: Node,
    now: float,
    touched: notices.Touched,
) -> Node:
    name, base = asked.need("name"), int(asked.attr("version") or 0)
    if name not in COLLECTIONS:
        raise WireError("There is no such collection of app state.")
    patch = asked.child("patch")
    if patch is None:
        return _read(rows, owner.number, name, base)
    current = sync.version(rows, owner.number, name)
    read_patch(patch.data)
    if base != current:
        # With what it lacks the client makes its patch anew.
        missing = _read(rows, owner.number, name, base)
        return Node("collection", {**missing.attrs, "type": "error"}, (_CONFLICT, *missing.nodes))
    sync.add(rows, owner.number, name, current + 1, numbered(patch.data, current + 1))
    touched += announce(rows, network, owner.number, name, now, owner.device)
    return Node("collection", {"name": name, "version": str(current + 1)})


def _read(rows: sqlite3.Connection, number: str, name: str, base: int) -> Node:
    found = sync.after(rows, number, name, base, _PAGE + 1)
    page = found[:_PAGE]
    attrs = {
        "name": name,
        "version": str(page[-1][0] if page else max(base, sync.version(rows, number, name))),
        "has_more_patches": "true" if len(found) > _PAGE else "false",
    }
    patches = tuple(Node("patch", {}, patch) for _, patch in page)
    return Node("collection", attrs, (Node("patches", {}, patches),) if patches else None)
