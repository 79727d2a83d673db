"""Injected failures."""

import msgspec
from litestar import delete, get, post
from litestar.params import FromPath, JSONBody

from waypost.sandbox.contacts.births import digits
from waypost.sandbox.control.overview import Net
from waypost.sandbox.failures import check
from waypost.sandbox.protocol import login
from waypost.sandbox.protocol.link import Link
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.state import parties
from waypost.sandbox.views import Failure, NewFailure

_AT_LOGIN = frozenset({"ban", "outdated", "logged_out", "server_error"})


@get("/v1/failures")
async def every(network: Net) -> list[Failure]:
    """All failures with how often they were applied."""
    return network.failures.every()


@post("/v1/failures")
async def create(network: Net, data: JSONBody[NewFailure]) -> Failure:
    """Inject a failure.

    One that shows at login cuts the connections it is about, so that they meet it at once; `replaced` tells
    them.
    """
    check(data)
    failure = await network.failures.add(await _resolved(network, data))
    rule = failure.rule
    for link in [link for link in network.links if _concerns(rule, link)]:
        if rule.kind in _AT_LOGIN:
            link.drop()
        elif rule.kind == "replaced":
            await _replace(network, link)
    return next(known for known in network.failures.every() if known.id == failure.id)


@delete("/v1/failures/{failure:str}")
async def remove(network: Net, failure: FromPath[str]) -> None:
    """End a failure."""
    await network.failures.remove(failure)


async def _replace(network: Network, link: Link) -> None:
    owner = link.device
    if await network.failures.take("replaced", phone=owner.number, device=owner.device) is not None:
        await link.end(login.conflict("409", "replaced"))


def _concerns(rule: NewFailure, link: Link) -> bool:
    owner = link.owner
    return owner is not None and rule.phone in (None, owner.number) and rule.device in (None, owner.device)


async def _resolved(network: Network, rule: NewFailure) -> NewFailure:
    """The rule with numbers as they are registered; SandboxError when one is unknown."""
    phone, contact = rule.phone, rule.contact
    if phone is not None:
        number = digits(phone)
        phone = (await network.store.run(lambda rows: parties.get(rows, number, "phone"))).number
    if contact is not None:
        typed = digits(contact)
        contact = (await network.store.run(lambda rows: parties.get(rows, typed, "contact"))).number
    return msgspec.structs.replace(rule, phone=phone, contact=contact)


ROUTES = (every, create, remove)
