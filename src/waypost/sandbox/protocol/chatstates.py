"""What somebody does in a chat (typing, recording): passed on to whoever is there, and never kept."""

from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.state import profiles
from waypost.sandbox.wire.node import GROUP_SERVER, Jid, Node


async def forward(network: Network, link: Link, chatstate: Node) -> None:
    """Tell the connected devices of the other side, as from an account and not from a device of it."""
    owner, to = link.device, chatstate.need_jid("to")
    if to.server == GROUP_SERVER:
        return
    party = await network.store.run(lambda rows: party_of(rows, to))
    if party is None or await _blocks(network, party.number, owner.number):
        return
    if party.kind == "contact":
        network.presences.saw(party.number, owner.number, _state(chatstate), network.clock.now())
    await tell(network, party.number, owner.jid(to.server).bare, chatstate.nodes)


async def tell(network: Network, number: str, sender: Jid, what: tuple[Node, ...]) -> int:
    """Tell the connected devices of `number` what `sender` does in the chat with it; how many there are."""
    told = Node("chatstate", {"from": sender}, what)
    peers = [peer for (owner, _), peer in network.online.items() if owner == number]
    for peer in peers:
        await peer.send(told)
    return len(peers)


def _state(chatstate: Node) -> str:
    doing = chatstate.nodes[0] if chatstate.nodes else Node("paused")
    return "recording" if doing.tag == "composing" and doing.attr("media") == "audio" else doing.tag


async def _blocks(network: Network, number: str, other: str) -> bool:
    return await network.store.run(lambda rows: profiles.blocks(rows, number, other))
