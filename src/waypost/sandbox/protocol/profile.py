"""What an account shows of itself, and to whom: picture, text, privacy, and whom it has blocked."""

import asyncio
import hashlib
import sqlite3
from typing import Final

from waypost.sandbox.media.paths import direct_path
from waypost.sandbox.protocol import notices
from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.refusal import Refusal
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.state import media, parties, profiles
from waypost.sandbox.wire.errors import WireError
from waypost.sandbox.wire.node import LID_SERVER, PHONE_SERVER, Jid, Node

Answer = tuple[Node, ...]
_JPEG: Final = b"\xff\xd8\xff"


# --- picture ------------------------------------------------------------------------------------------------


async def get_picture(network: Network, link: Link, request: Node) -> Answer:
    """Where an account's picture can be fetched; 404 when it has none, or shows it to nobody."""
    target, owner = request.jid("target") or request.need_jid("to"), link.device

    def find(rows: sqlite3.Connection) -> profiles.Profile | None:
        party = party_of(rows, target)
        if party is None:
            return None
        own = party.number == owner.number
        hidden = profiles.privacy(rows, party.number)["profile"] == "none"
        if not own and (hidden or profiles.blocks(rows, party.number, owner.number)):
            return None
        return profiles.get(rows, party.number)

    found = await network.store.run(find)
    if found is None or found.picture is None or found.picture_id is None:
        raise Refusal(404, "item-not-found")
    asked = request.need_child("picture")
    if asked.attr("id") == found.picture_id:
        return ()
    path = direct_path(found.picture)
    attrs = {
        "id": found.picture_id,
        "type": asked.attr("type") or "image",
        "url": f"https://{network.media_host}{path}",
        "direct_path": path,
        "hash": found.picture,
    }
    return (Node("picture", attrs),)


async def set_picture(network: Network, link: Link, request: Node) -> Answer:
    """Another picture for the account itself; no picture takes it away. 406 for what is no JPEG."""
    owner, given = link.device, request.child("picture")
    target = request.jid("target")
    if target is not None and not owner.owns(target):
        raise Refusal(401, "not-authorized")
    if given is None:
        await _keep_picture(network, owner.number, None, None, owner.device)
        return ()
    if not given.data.startswith(_JPEG):
        raise Refusal(406, "not-acceptable")
    id = await put_picture(network, owner.number, given.data, owner.device)
    return (Node("picture", {"id": id}),)


async def put_picture(network: Network, number: str, picture: bytes, but: int | None = None) -> str:
    """Keep a JPEG as the picture of an account; gives its id."""
    now = network.clock.now()
    token = await asyncio.to_thread(network.media.put, picture)
    await network.store.run(lambda rows: media.put(rows, token, "image", len(picture), now))
    id = str(int.from_bytes(hashlib.sha256(picture).digest()[:5]))
    await _keep_picture(network, number, id, token, but)
    return id


async def _keep_picture(
    network: Network, number: str, id: str | None, token: str | None, but: int | None
) -> None:
    now, notice = network.clock.now(), network.request_id()

    def keep(rows: sqlite3.Connection) -> notices.Touched:
        profiles.set_picture(rows, number, id, token)
        attrs: dict[str, str | Jid] = {"jid": Jid(number, PHONE_SERVER)}
        change = Node("delete", attrs) if id is None else Node("set", {**attrs, "id": id})
        return notices.put(rows, number, "picture", (change,), notice, now, but=but)

    network.wake(await network.store.run(keep))


# --- text ---------------------------------------------------------------------------------------------------


async def set_about(network: Network, link: Link, request: Node) -> Answer:
    """The text under the name."""
    number, text = link.device.number, request.need_child("status").data.decode("utf-8", "replace")
    await network.store.run(lambda rows: profiles.set_about(rows, number, text))
    return ()


# --- privacy ------------------------------------------------------------------------------------------------


async def get_privacy(network: Network, link: Link, _request: Node) -> Answer:
    """Who may see what."""
    return (await _privacy(network, link),)


async def set_privacy(network: Network, link: Link, request: Node) -> Answer:
    """Choose who may see what, or take tokens of trusted contacts, which mean nothing here."""
    if (wanted := request.child("privacy")) is None:
        if request.child("tokens") is None:
            network.unknown(link, request)
            raise Refusal(501, "feature-not-implemented")
        return (Node("tokens"),)
    number = link.device.number
    chosen = [(one.need("name"), one.need("value")) for one in wanted.children("category")]

    def keep(rows: sqlite3.Connection) -> None:
        for name, value in chosen:
            profiles.set_privacy(rows, number, name, value)

    await network.store.run(keep)
    return (await _privacy(network, link),)


async def _privacy(network: Network, link: Link) -> Node:
    number = link.device.number
    chosen = await network.store.run(lambda rows: profiles.privacy(rows, number))
    categories = (Node("category", {"name": name, "value": value}) for name, value in chosen.items())
    return Node("privacy", {}, tuple(categories))


# --- whom it has blocked ------------------------------------------------------------------------------------


async def get_blocked(network: Network, link: Link, _request: Node) -> Answer:
    """Whom the account has blocked."""
    number = link.device.number
    return (await network.store.run(lambda rows: _list(rows, number)),)


async def set_blocked(network: Network, link: Link, request: Node) -> Answer:
    """Block or unblock; the answer is the whole list, and the other devices are told to look."""
    owner, item, now = link.device, request.need_child("item"), network.clock.now()
    jid, action, notice = item.need_jid("jid"), item.need("action"), network.request_id()
    if action not in ("block", "unblock"):
        raise WireError("A block list can be added to or taken from.")

    def change(rows: sqlite3.Connection) -> tuple[Node, notices.Touched]:
        party = party_of(rows, jid)
        if party is None:
            raise Refusal(404, "item-not-found")
        profiles.block(rows, owner.number, party.number, action == "block")
        listed = _list(rows, owner.number)
        told = Node("blocklist", {"action": "modify", "dhash": listed.need("dhash")}, (item,))
        return listed, notices.put(rows, owner.number, "account_sync", (told,), notice, now, but=owner.device)

    listed, touched = await network.store.run(change)
    network.wake(touched)
    return (listed,)


def _list(rows: sqlite3.Connection, number: str) -> Node:
    numbers = profiles.blocked(rows, number)
    digest = hashlib.sha256(",".join(numbers).encode()).hexdigest()[:16]
    found = [party for one in numbers if (party := parties.find_registered(rows, one)) is not None]
    items = (
        Node("item", {"jid": Jid(one.lid, LID_SERVER), "pn_jid": Jid(one.number, PHONE_SERVER)})
        for one in found
    )
    return Node("list", {"dhash": digest, "addressing_mode": LID_SERVER}, tuple(items) or None)
