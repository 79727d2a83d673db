"""Questions about groups and changes of them (`w:g2`), and their pictures."""

import asyncio
import sqlite3
from collections.abc import Callable
from typing import Final, TypeVar

from waypost.sandbox.media.paths import direct_path
from waypost.sandbox.protocol import group_changes, group_nodes
from waypost.sandbox.protocol.group_changes import ACTIONS, Deed
from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.refusal import Refusal
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.state import groups, media
from waypost.sandbox.wire.node import GROUP_SERVER, Jid, Node

T = TypeVar("T")
Answer = tuple[Node, ...]

_JPEG: Final = b"\xff\xd8\xff"
_SETTINGS: Final[dict[str, Callable[[Deed, str], None]]] = {
    "locked": lambda deed, id: group_changes.lock(deed, id, True),
    "unlocked": lambda deed, id: group_changes.lock(deed, id, False),
    "announcement": lambda deed, id: group_changes.announce(deed, id, True),
    "not_announcement": lambda deed, id: group_changes.announce(deed, id, False),
}


async def get(network: Network, link: Link, request: Node) -> Answer:
    """The groups of an account, one group, the group behind a link, or a group's link."""
    to, number = request.need_jid("to"), link.device.number
    if request.child("participating") is not None:
        return await network.store.run(lambda rows: (_participating(rows, number),))
    if request.child("query") is not None:
        return await network.store.run(
            lambda rows: (group_nodes.whole(rows, group_changes.seen_by(rows, to.user, number)),)
        )
    if (invite := request.child("invite")) is None:
        network.unknown(link, request)
        raise Refusal(501, "feature-not-implemented")
    code = invite.attr("code")
    if code is not None:
        return await network.store.run(
            lambda rows: (group_nodes.whole(rows, group_changes.behind(rows, code)),)
        )
    made = await _do(network, link, lambda deed: group_changes.link(deed, to.user, renew=False))
    return (Node("invite", {"code": made}),)


async def put(network: Network, link: Link, request: Node) -> Answer:
    """Whatever changes a group, or an account's place in one."""
    change = request.nodes[0] if request.nodes else Node("nothing")
    id = request.need_jid("to").user
    answer = await _do(network, link, lambda deed: _change(deed, id, change))
    if answer is None:
        network.unknown(link, request)
        raise Refusal(501, "feature-not-implemented")
    return answer


async def picture(network: Network, _link: Link, request: Node) -> Answer | None:
    """Where the picture of a group lies; None when the question is not about a group."""
    target = request.jid("target")
    if target is None or target.server != GROUP_SERVER:
        return None
    group = await network.store.run(lambda rows: groups.find(rows, target.user))
    if group is None or group.picture is None or group.picture_id is None:
        raise Refusal(404, "item-not-found")
    kind = request.need_child("picture").attr("type") or "image"
    path = direct_path(group.picture)
    url = f"https://{network.media_host}{path}"
    attrs = {"id": group.picture_id, "url": url, "type": kind, "direct_path": path}
    return (Node("picture", attrs),)


async def set_picture(network: Network, link: Link, request: Node) -> Answer | None:
    """Give a group another picture (a JPEG), or none; None when it is not for a group."""
    target = request.jid("target")
    if target is None or target.server != GROUP_SERVER:
        return None
    # Clients send more than one size; the first is the large one.
    file = next((node.data for node in request.children("picture")), None)
    if file is not None and not file.startswith(_JPEG):
        raise Refusal(406, "not-acceptable")
    token = None if file is None else await _kept(network, file)
    id = await _do(network, link, lambda deed: group_changes.picture(deed, target.user, token))
    return () if id is None else (Node("picture", {"id": id}),)


async def _kept(network: Network, file: bytes) -> str:
    token, now = await asyncio.to_thread(network.media.put, file), network.clock.now()
    await network.store.run(lambda rows: media.put(rows, token, "image", len(file), now))
    return token


def _change(deed: Deed, id: str, change: Node) -> Answer | None:
    tag = change.tag
    if tag == "create":
        return _create(deed, change)
    if tag in ACTIONS:
        return (group_changes.update(deed, id, tag, _asked(deed.rows, change)),)
    if tag == "leave":
        for node in change.children("group"):
            group_changes.leave(deed, node.need_jid("id").user)
        return (change,)
    if tag == "invite":
        return _invite(deed, id, change)
    if tag == "subject":
        group_changes.rename(deed, id, change.data.decode(errors="replace"))
    elif tag == "description":
        body = change.child("body")
        text = None if body is None else body.data.decode(errors="replace")
        group_changes.describe(deed, id, text, change.attr("id") or "", change.attr("prev"))
    elif tag == "member_add_mode":
        group_changes.set_add_mode(deed, id, change.data.decode(errors="replace"))
    elif tag in _SETTINGS:
        _SETTINGS[tag](deed, id)
    else:
        return None
    return ()


def _create(deed: Deed, change: Node) -> Answer:
    group, failed = group_changes.create(
        deed,
        change.need("subject"),
        _asked(deed.rows, change),
        locked=change.child("locked") is not None,
        announce=change.child("announcement") is not None,
        key=change.attr("key"),
    )
    node = group_nodes.whole(deed.rows, group)
    return (Node("group", node.attrs, (*node.nodes, *failed)),)


def _invite(deed: Deed, id: str, change: Node) -> Answer:
    code = change.attr("code")
    if code is None:
        return (Node("invite", {"code": group_changes.link(deed, id, renew=True)}),)
    return (Node("group", {"jid": group_nodes.jid_of(group_changes.join(deed, code))}),)


def _asked(rows: sqlite3.Connection, change: Node) -> group_changes.Asked:
    jids: list[Jid] = [node.need_jid("jid").bare for node in change.children("participant")]
    return [(jid, party_of(rows, jid)) for jid in jids]


def _participating(rows: sqlite3.Connection, number: str) -> Node:
    return Node("groups", {}, tuple(group_nodes.whole(rows, one) for one in groups.of_member(rows, number)))


async def _do(network: Network, link: Link, work: Callable[[Deed], T]) -> T:
    owner, now = link.device, network.clock.now()

    def run(rows: sqlite3.Connection) -> tuple[T, list[tuple[str, int]]]:
        deed = Deed(rows, owner.number, owner.lid, now, network.randomness, link.payload.push_name)
        return work(deed), deed.touched

    result, touched = await network.store.run(run)
    network.wake(touched)
    return result
