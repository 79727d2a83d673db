"""Requests: one explicit handler per namespace and type; anything else is answered with 501 and logged.

Every request gets an answer, because a client waits 60 to 75 s for a missing one. Where a handler says less
than WhatsApp would, its answer is the smallest that clients accept.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from waypost.errors import WaypostError
from waypost.sandbox.protocol import app_state, groups, link_code, login, mex, prekeys, profile, usync
from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.refusal import Refusal
from waypost.sandbox.state import devices
from waypost.sandbox.wire.node import SERVER_JID, Jid, Node

Answer = tuple[Node, ...]
Handler = Callable[[Network, Link, Node], Awaitable[Answer]]

_MEDIA_SECONDS: Final = "21600"


async def take(network: Network, link: Link, request: Node) -> None:
    """Answer a request, or hand an answer of the client to whoever waits for it."""
    # Baileys sends statistics without a type, and waits for the answer.
    type = request.attr("type") or "set"
    id = request.need("id")
    if type in ("result", "error"):
        future = link.replies.get(id)
        if future is not None and not future.done():
            future.set_result(request)
        return
    sender = request.jid("to") or SERVER_JID
    try:
        content = await _handle(network, link, request, type)
    except Refusal as refusal:
        await link.send(_error(id, sender, refusal.status, refusal.text))
    except WaypostError as error:
        network.counts["refused_stanzas"] += 1
        network.note(link, "note", f"bad request: {error}")
        await link.send(_error(id, sender, 400, "bad-request"))
    except Exception:
        await link.send(_error(id, sender, 500, "internal-server-error"))
        raise
    else:
        await link.send(Node("iq", {"from": sender, "type": "result", "id": id}, content or None))


def _error(id: str, sender: Jid, status: int, text: str) -> Node:
    content = (Node("error", {"code": str(status), "text": text}),)
    return Node("iq", {"from": sender, "type": "error", "id": id}, content)


async def _handle(network: Network, link: Link, request: Node, type: str) -> Answer:
    xmlns = request.attr("xmlns") or ""
    owner = link.owner
    handler = TABLE.get((xmlns, type))
    injected = await network.failures.take(
        "unknown_iq",
        phone=owner.number if owner is not None else None,
        device=owner.device if owner is not None else None,
        xmlns=xmlns,
    )
    if handler is None or injected is not None:
        network.unknown(link, request)
        raise Refusal(501, "feature-not-implemented")
    if owner is None and not link_code.concerns(request):
        raise Refusal(401, "not-authorized")
    return await handler(network, link, request)


async def _ping(_network: Network, _link: Link, _request: Node) -> Answer:
    return ()


async def _passive(_network: Network, link: Link, request: Node) -> Answer:
    if request.child("active") is not None:
        link.active.set()
    return ()


async def _media_conn(network: Network, _link: Link, _request: Node) -> Answer:
    attrs = {
        "auth": network.secrets.media.hex(),
        "ttl": _MEDIA_SECONDS,
        "auth_ttl": _MEDIA_SECONDS,
        "max_buckets": "12",
        "id": "1",
    }
    return (Node("media_conn", attrs, (Node("host", {"hostname": network.media_host}),)),)


async def _companions(network: Network, link: Link, request: Node) -> Answer:
    if link_code.concerns(request):
        return await link_code.take(network, link, request)
    if request.child("remove-companion-device") is None:
        network.unknown(link, request)
        raise Refusal(501, "feature-not-implemented")
    owner, now = link.device, network.clock.now()
    # The client leaves on the answer; by then it has to be forgotten.
    await network.store.run(lambda rows: devices.unlink(rows, owner.number, owner.device, now))
    link.spawn(login.unlink(network, owner.number, owner.device))
    return ()


async def _props(_network: Network, _link: Link, _request: Node) -> Answer:
    return (Node("props", {"hash": "sandbox", "refresh": "86400"}),)


async def _picture(network: Network, link: Link, request: Node) -> Answer:
    answer = await groups.picture(network, link, request)
    return await profile.get_picture(network, link, request) if answer is None else answer


async def _set_picture(network: Network, link: Link, request: Node) -> Answer:
    answer = await groups.set_picture(network, link, request)
    return await profile.set_picture(network, link, request) if answer is None else answer


async def _business(_network: Network, _link: Link, _request: Node) -> Answer:
    return (Node("business_profile"),)


async def _catalog(_network: Network, _link: Link, _request: Node) -> Answer:
    return (Node("product_catalog"),)


async def _bots(_network: Network, _link: Link, _request: Node) -> Answer:
    return (Node("bot"),)


TABLE: Final[Mapping[tuple[str, str], Handler]] = {
    ("md", "set"): _companions,
    ("encrypt", "get"): prekeys.get,
    ("encrypt", "set"): prekeys.put,
    ("passive", "set"): _passive,
    ("w:p", "get"): _ping,
    ("usync", "get"): usync.get,
    ("w:m", "set"): _media_conn,
    ("privacy", "get"): profile.get_privacy,
    ("privacy", "set"): profile.set_privacy,
    ("abt", "get"): _props,
    ("blocklist", "get"): profile.get_blocked,
    ("blocklist", "set"): profile.set_blocked,
    ("w:sync:app:state", "set"): app_state.take,
    ("w:profile:picture", "get"): _picture,
    ("w:profile:picture", "set"): _set_picture,
    ("status", "get"): _ping,
    ("status", "set"): profile.set_about,
    ("disappearing_mode", "get"): _ping,
    ("disappearing_mode", "set"): _ping,
    ("w:g2", "get"): groups.get,
    ("w:g2", "set"): groups.put,
    ("w:biz", "get"): _business,
    ("w:biz:catalog", "get"): _catalog,
    ("bot", "get"): _bots,
    ("w:mex", "get"): mex.get,
    ("urn:xmpp:whatsapp:dirty", "set"): _ping,
    ("w:stats", "set"): _ping,
}
