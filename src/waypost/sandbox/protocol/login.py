"""The first stanzas of a connection: welcome, refusal, or the offer to pair."""

import contextlib

from waypost.errors import StorageError
from waypost.sandbox.protocol import link_code, pairing, presence
from waypost.sandbox.protocol.link import Link, Owner
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import devices, parties
from waypost.sandbox.wire.node import LID_SERVER, Jid, Node

_LOST = 503
"""For a device that this state does not know: the client tries again and keeps its keys, where 401 would
wipe them."""
_UNLINKED = 401


async def welcome(network: Network, link: Link) -> None:
    """Log a client in, refuse it, or offer it to pair, as its payload asks."""
    payload = link.payload
    if not payload.HasField("username"):
        await pairing.offer(network, link)
        return
    number, device = str(payload.username), payload.device
    refusal = await _injected(network, number, device)
    if refusal is None:
        refusal = await _log_in(network, link, number, device)
    if refusal is not None:
        network.counts["logins_refused"] += 1
        await link.end(refusal)


async def leave(network: Network, link: Link) -> None:
    """Forget a connection that ended; whoever was online by it is no more."""
    network.links.discard(link)
    pairing.withdraw(network, link)
    link_code.withdraw(network, link)
    owner = link.owner
    if owner is not None and network.online.get((owner.number, owner.device)) is link:
        del network.online[owner.number, owner.device]
        # The state's thread may have ended before: then nobody is there to be told.
        with contextlib.suppress(StorageError):
            await presence.show(network, owner.number, owner.device, False)


async def unlink(network: Network, number: str, device: int) -> None:
    """Remove a companion as its phone would: it is told, and forgets its keys."""
    now = network.clock.now()
    await network.store.run(lambda rows: devices.unlink(rows, number, device, now))
    link = network.online.pop((number, device), None)
    if link is not None:
        await link.end(conflict("401", "device_removed"))


def conflict(code: str, type: str) -> Node:
    """The stream error that ends a session for good."""
    return Node("stream:error", {"code": code}, (Node("conflict", {"type": type}),))


def failure(reason: int, **attrs: str) -> Node:
    """The refusal of a login."""
    return Node("failure", {"reason": str(reason), "location": "sbx", **attrs})


async def _injected(network: Network, number: str, device: int) -> Node | None:
    take = network.failures.take
    if (rule := await take("ban", phone=number, device=device)) is not None:
        return failure(402, code=str(rule.code or 101), expire=str(int(rule.seconds or 3600)))
    if await take("outdated", phone=number, device=device) is not None:
        return failure(405)
    if (rule := await take("logged_out", phone=number, device=device)) is not None:
        return failure(rule.code or _UNLINKED)
    if (rule := await take("server_error", phone=number, device=device)) is not None:
        return failure(rule.code or _LOST)
    return None


async def _log_in(network: Network, link: Link, number: str, device: int) -> Node | None:
    push_name = link.payload.push_name

    party, row = await network.store.run(
        lambda rows: (parties.find(rows, number), devices.find(rows, number, device))
    )
    if party is None or row is None or row.noise != link.noise:
        network.note(None, "note", f"a login of {number}:{device}, which this state does not know")
        return failure(_LOST)
    if row.unlinked_at is not None:
        return failure(_UNLINKED)
    if push_name and push_name != row.push_name:
        await network.store.run(lambda rows: devices.set_push_name(rows, number, device, push_name))
    before = network.online.get((number, device))
    link.owner = Owner(number, party.lid, device)
    network.online[number, device] = link
    if before is not None:
        await before.end(conflict("409", "replaced"))
    network.counts["logins"] += 1
    now = str(int(network.clock.now()))
    attrs: dict[str, str | Jid] = {
        "t": now,
        "lid": Jid(party.lid, LID_SERVER, device),
        "creation": str(int(row.created_at)),
        "location": "sbx",
        "props": "0",
    }
    await link.send(Node("success", attrs))
    return None
