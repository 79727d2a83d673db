"""Groups: create, look at, and do to them what a member could with the phone in hand."""

import sqlite3
from collections.abc import Callable, Sequence
from typing import Final, TypeVar

from litestar import delete, get, patch, post
from litestar.params import FromPath, JSONBody

from waypost.errors import NOT_FOUND, SANDBOX_CONFLICT, SandboxError
from waypost.sandbox.contacts.births import digits
from waypost.sandbox.control.overview import Net
from waypost.sandbox.group_views import (
    GroupMember,
    GroupPatch,
    GroupView,
    InviteView,
    MembersChange,
    NewGroup,
)
from waypost.sandbox.protocol import group_changes
from waypost.sandbox.protocol.group_changes import Asked, Deed
from waypost.sandbox.protocol.network import Network
from waypost.sandbox.protocol.refusal import Refusal
from waypost.sandbox.state import groups, parties
from waypost.sandbox.state.groups import Group
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire.node import PHONE_SERVER, Jid

T = TypeVar("T")
LINK: Final = "https://chat.whatsapp.com/"


@get("/v1/groups")
async def every(network: Net) -> list[GroupView]:
    """All groups."""
    return await network.store.run(lambda rows: [_view(rows, group) for group in groups.every(rows)])


@post("/v1/groups")
async def create(network: Net, data: JSONBody[NewGroup]) -> GroupView:
    """Create a group as one of the numbers on the network, its owner."""

    def make(deed: Deed) -> GroupView:
        asked = _asked(deed.rows, data.members)
        group, _ = group_changes.create(
            deed,
            data.subject,
            asked,
            locked=data.locked,
            announce=data.announce,
            addressing=data.addressing,
        )
        return _view(deed.rows, group_changes.found(deed.rows, group.id))

    return await _as(network, data.owner, make)


@get("/v1/groups/{group:str}")
async def one(network: Net, group: FromPath[str]) -> GroupView:
    """A group, by `<digits>@g.us` or digits."""
    id = _id(group)
    return await network.store.run(lambda rows: _view(rows, _found(rows, id)))


@patch("/v1/groups/{group:str}")
async def change(network: Net, group: FromPath[str], data: JSONBody[GroupPatch]) -> GroupView:
    """Change subject, description or settings as a member; its owner, if nobody is named."""
    id = _id(group)

    def apply(deed: Deed) -> GroupView:
        known = group_changes.found(deed.rows, id)
        if data.subject is not None:
            group_changes.rename(deed, id, data.subject)
        if data.description is not None:
            group_changes.describe(deed, id, data.description, deed.id(), known.description_id)
        if data.locked is not None:
            group_changes.lock(deed, id, data.locked)
        if data.announce is not None:
            group_changes.announce(deed, id, data.announce)
        return _view(deed.rows, group_changes.found(deed.rows, id))

    return await _as(network, data.by or await _owner(network, id), apply)


@post("/v1/groups/{group:str}/members", status_code=200)
async def members(network: Net, group: FromPath[str], data: JSONBody[MembersChange]) -> GroupView:
    """Add, remove, promote or demote, or let somebody leave by themselves."""
    id = _id(group)

    def apply(deed: Deed) -> GroupView:
        answer = group_changes.update(deed, id, data.action, _asked(deed.rows, data.members))
        refused = [f"{node.attr('jid')}: {node.attr('error')}" for node in answer.nodes if node.attr("error")]
        if refused:
            raise SandboxError(SANDBOX_CONFLICT, ", ".join(refused))
        return _view(deed.rows, group_changes.found(deed.rows, id))

    return await _as(network, data.by or await _owner(network, id), apply)


@post("/v1/groups/{group:str}/leave/{phone:str}", status_code=200)
async def leave(network: Net, group: FromPath[str], phone: FromPath[str]) -> None:
    """Let a member go."""
    id = _id(group)
    await _as(network, phone, lambda deed: group_changes.leave(deed, id))


@post("/v1/groups/join/{code:str}/{phone:str}", status_code=200)
async def join(network: Net, code: FromPath[str], phone: FromPath[str]) -> GroupView:
    """Let somebody in who has the code of an invite link."""
    return await _as(network, phone, lambda deed: _view(deed.rows, group_changes.join(deed, code)))


@get("/v1/groups/{group:str}/invite")
async def invite(network: Net, group: FromPath[str]) -> InviteView:
    """The invite link, as the owner sees it."""
    id = _id(group)
    owner = await _owner(network, id)
    return await _as(
        network, owner, lambda deed: InviteView(LINK + group_changes.link(deed, id, renew=False))
    )


@delete("/v1/groups/{group:str}")
async def remove(network: Net, group: FromPath[str]) -> None:
    """Delete a group; nobody is told."""
    id = _id(group)
    await network.store.run(lambda rows: groups.delete(rows, _found(rows, id).id))


async def _owner(network: Network, id: str) -> str:
    return await network.store.run(lambda rows: _found(rows, id).creator)


async def _as(network: Network, phone: str, work: Callable[[Deed], T]) -> T:
    """Do something as the phone or contact of that number, and tell who has to know."""
    number, now = digits(phone), network.clock.now()

    def run(rows: sqlite3.Connection) -> tuple[T, list[tuple[str, int]]]:
        party = _party(rows, number)
        name = party.name or party.number
        deed = Deed(rows, party.number, party.lid, now, network.randomness, name)
        try:
            return work(deed), deed.touched
        except Refusal as refusal:
            raise SandboxError(SANDBOX_CONFLICT, f"{refusal.text} ({refusal.status}).") from refusal

    result, touched = await network.store.run(run)
    network.wake(touched)
    return result


def _asked(rows: sqlite3.Connection, numbers: Sequence[str]) -> Asked:
    found = [_party(rows, digits(number)) for number in numbers]
    return [(Jid(party.number, PHONE_SERVER), party) for party in found]


def _party(rows: sqlite3.Connection, number: str) -> Party:
    return parties.find(rows, number) or parties.get(rows, number, "contact")


def _id(group: str) -> str:
    return group.partition("@")[0]


def _found(rows: sqlite3.Connection, id: str) -> Group:
    group = groups.find(rows, id)
    if group is None:
        raise SandboxError(NOT_FOUND, "There is no such group.")
    return group


def _view(rows: sqlite3.Connection, group: Group) -> GroupView:
    return GroupView(
        id=f"{group.id}@g.us",
        subject=group.subject,
        description=group.description,
        owner=f"+{group.creator}",
        addressing=group.addressing,
        locked=group.locked,
        announce=group.announce,
        picture=group.picture_id,
        members=[
            GroupMember(f"+{member.number}", member.lid, member.role)
            for member in groups.members(rows, group.id)
        ],
    )


ROUTES = (every, create, one, change, members, leave, join, invite, remove)
