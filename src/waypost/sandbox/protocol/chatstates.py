"""What somebody does in a chat (typing, recording): passed on to whoever is there, and never kept."""

from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.usync import party_of
from waypost.sandbox.wire.node import GROUP_SERVER, Node


async def forward(network: Network, link: Link, chatstate: Node) -> None:
    """Tell the connected devices of the other side, as from an account and not from a device of it."""
    owner, to = link.device, chatstate.need_jid("to")
    if to.server == GROUP_SERVER:
        return
    party = await network.store.run(lambda rows: party_of(rows, to))
    told = Node("chatstate", {"from": owner.jid(to.server).bare}, chatstate.content)
    for (number, _), peer in list(network.online.items()):
        if party is not None and number == party.number:
            await peer.send(told)
