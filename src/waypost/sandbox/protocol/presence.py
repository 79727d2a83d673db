"""Who is online, and who is told of it."""

import sqlite3
from collections.abc import Callable

from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.state import profiles
from waypost.sandbox.wire.node import Jid, Node


async def take(network: Network, link: Link, presence: Node) -> None:
    """A device shows itself, or wants to be told of somebody."""
    owner, type = link.device, presence.attr("type") or "available"
    if type == "subscribe":
        await _subscribe(network, link, presence.need_jid("to").bare)
    elif type == "unsubscribe":
        link.watched.pop(presence.need_jid("to").user, None)
    elif type in ("available", "unavailable"):
        await show(network, owner.number, owner.device, type == "available")


async def show(network: Network, number: str, device: int, available: bool) -> None:
    """Note how a device, or a contact as device 0, shows itself from now on, and tell who wants to know."""
    if not network.presences.show(number, device, available, network.clock.now()):
        return
    for link in list(network.online.values()):
        for party, asked in list(link.watched.values()):
            if party == number:
                await _tell(network, link, party, asked)
    state = "available" if available else "unavailable"
    for contact in await network.store.run(_reading(number)):
        network.presences.saw(contact, number, state, network.clock.now())


def _reading(number: str) -> Callable[[sqlite3.Connection], list[str]]:
    """The contacts that a phone's presence is shown to: those it has not blocked."""

    def query(rows: sqlite3.Connection) -> list[str]:
        found = rows.execute("SELECT number FROM party WHERE kind = 'contact' AND number <> ?", (number,))
        return [row[0] for row in found if not profiles.blocks(rows, number, row[0])]

    return query


async def _subscribe(network: Network, link: Link, asked: Jid) -> None:
    party = await network.store.run(lambda rows: party_of(rows, asked))
    if party is None:
        return
    link.watched[asked.user] = (party.number, asked)
    await _tell(network, link, party.number, asked)


async def _tell(network: Network, link: Link, number: str, asked: Jid) -> None:
    """The network tells only those who are online themselves, and whom nobody has blocked."""
    owner = link.device
    presences = network.presences
    if (owner.number, owner.device) not in presences.available:
        return
    hidden = await network.store.run(
        lambda rows: (
            profiles.blocks(rows, number, owner.number) or profiles.privacy(rows, number)["last"] == "none"
        )
    )
    attrs: dict[str, str | Jid] = {"from": asked}
    if hidden or not presences.online(number):
        attrs["type"] = "unavailable"
        last = None if hidden else presences.last.get(number)
        attrs["last"] = "deny" if last is None else str(int(last))
    await link.send(Node("presence", attrs))
