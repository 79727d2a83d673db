"""What can be done to groups, by whom, and who is told.

Each function changes rows and queues a notification for every companion of every member, the one that did it
included; device 0 reads the rows. A change that is not allowed raises Refusal with the status that WhatsApp
answers.
"""

import sqlite3
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

from waypost.sandbox.protocol import group_nodes
from waypost.sandbox.protocol.refusal import Refusal
from waypost.sandbox.state import devices, groups, queue
from waypost.sandbox.state.groups import Addressing, Group, Member, Role
from waypost.sandbox.state.parties import Party
from waypost.sandbox.wire import binary
from waypost.sandbox.wire.curve import Randomness
from waypost.sandbox.wire.node import Jid, Node

Action = Literal["add", "remove", "promote", "demote"]
ACTIONS: Final[tuple[Action, ...]] = ("add", "remove", "promote", "demote")

_SUBJECT: Final = 100  # characters, as phones limit it
_DESCRIPTION: Final = 2048
_MEMBERS: Final = 1024
_NOT_FOUND: Final = 404
_CONFLICT: Final = 409
_FORBIDDEN: Final = 403
_FULL: Final = 419


@dataclass(slots=True)
class Deed:
    """Somebody does something to a group, now. `touched` grows by the devices that were told."""

    rows: sqlite3.Connection
    number: str
    lid: str
    now: float
    randomness: Randomness
    push_name: str = ""
    touched: list[tuple[str, int]] = field(default_factory=list)

    def id(self) -> str:
        """An id for a stanza."""
        return self.randomness(8).hex()


Asked = Sequence[tuple[Jid, Party | None]]
"""Addresses that were named, with whose they are."""


def create(
    deed: Deed,
    subject: str,
    asked: Asked,
    *,
    locked: bool = False,
    announce: bool = False,
    addressing: Addressing = "lid",
    key: str | None = None,
) -> tuple[Group, list[Node]]:
    """A new group with who does it as its owner; the group, and those who could not be added."""
    _check_text(subject, _SUBJECT, least=1)
    digits = int.from_bytes(deed.randomness(8)) % 10**12
    group = Group(
        id=f"120363{digits:012d}",
        addressing=addressing,
        creator=deed.number,
        created_at=deed.now,
        subject=subject,
        subject_by=deed.number,
        subject_at=deed.now,
        locked=locked,
        announce=announce,
    )
    groups.insert(deed.rows, group)
    groups.put_member(deed.rows, group.id, deed.number, "superadmin", deed.now)
    failed = [node for node in (_add(deed, group, jid, party) for jid, party in asked) if node.attr("error")]
    _welcome(deed, group, groups.members(deed.rows, group.id), {} if key is None else {"key": key})
    return group, failed


def update(deed: Deed, id: str, action: Action, asked: Asked) -> Node:
    """Add, remove, promote or demote; the answer lists each address, with an error where it failed."""
    group, actor = _of(deed, id)
    if not actor.is_admin and not (action == "add" and group.add_mode == "all_member_add"):
        raise Refusal(_FORBIDDEN, "forbidden")
    before = {member.number for member in groups.members(deed.rows, id)}
    outcomes = [_ACTS[action](deed, group, jid, party) for jid, party in asked]
    done = [node for node in outcomes if node.attr("error") is None]
    if done:
        version = groups.next_version(deed.rows, id)
        attrs = {"v_id": str(version), "prev_v_id": str(version - 1)}
        newcomers = [one for one in groups.members(deed.rows, id) if one.number not in before]
        others = before - {one.number for one in newcomers}
        _tell(deed, group, Node(action, attrs, tuple(done)), others)
        if newcomers:
            _welcome(deed, group, newcomers, {"reason": "invite"})
        if action == "remove":
            groups.forget_own_keys(deed.rows, id)
    return Node(action, {}, tuple(outcomes))


def leave(deed: Deed, id: str) -> None:
    """Go; the last admin's place is taken by the oldest member, and a group without members is gone."""
    group, actor = _of(deed, id)
    told = {member.number for member in groups.members(deed.rows, id)}
    groups.remove_member(deed.rows, id, actor.number)
    groups.forget_own_keys(deed.rows, id)
    version = groups.next_version(deed.rows, id)
    attrs = {"v_id": str(version), "prev_v_id": str(version - 1)}
    _tell(deed, group, Node("remove", attrs, (group_nodes.participant(group, actor),)), told)
    left = groups.members(deed.rows, id)
    if not left:
        groups.delete(deed.rows, id)
    elif not any(member.is_admin for member in left):
        groups.put_member(deed.rows, id, left[0].number, "admin", deed.now)
        oldest = Member(left[0].number, left[0].lid, "admin")
        _tell(deed, group, Node("promote", {}, (group_nodes.participant(group, oldest),)))


def join(deed: Deed, code: str) -> Group:
    """Come in by an invite link; who is in already stays so."""
    group = behind(deed.rows, code)
    if groups.member(deed.rows, group.id, deed.number) is None:
        told = {member.number for member in groups.members(deed.rows, group.id)}
        groups.put_member(deed.rows, group.id, deed.number, "member", deed.now)
        newcomer = Member(deed.number, deed.lid, "member")
        groups.next_version(deed.rows, group.id)
        node = Node("add", {"reason": "invite"}, (group_nodes.participant(group, newcomer),))
        _tell(deed, group, node, told)
        _welcome(deed, group, [newcomer], {"reason": "invite"})
    return group


def behind(rows: sqlite3.Connection, code: str) -> Group:
    """The group that an invite link leads to."""
    found = groups.invited(rows, code)
    group = None if found is None else groups.find(rows, found[0])
    if found is None or group is None:
        raise Refusal(406, "not-acceptable")
    if found[1]:
        raise Refusal(410, "gone")
    return group


def link(deed: Deed, id: str, *, renew: bool) -> str:
    """The code of the invite link; `renew` revokes the one there was."""
    group, actor = _of(deed, id)
    if not actor.is_admin:
        raise Refusal(401, "not-authorized")
    code = groups.invite(deed.rows, id)
    if code is not None and not renew:
        return code
    fresh = deed.randomness(11).hex()
    groups.renew_invite(deed.rows, id, fresh)
    if renew:
        admins = {member.number for member in groups.members(deed.rows, id) if member.is_admin}
        _tell(deed, group, Node("invite", {"code": fresh}), admins)
    return fresh


def rename(deed: Deed, id: str, subject: str) -> None:
    """Give the group another subject."""
    _editable(deed, id)
    _check_text(subject, _SUBJECT, least=1)
    groups.set_subject(deed.rows, id, subject, deed.number, deed.now)
    group = found(deed.rows, id)
    _tell(deed, group, group_nodes.subject(deed.rows, group))


def describe(deed: Deed, id: str, text: str | None, text_id: str, previous: str | None) -> None:
    """Give the group another description, or none; `previous` is the id of the one that the caller saw."""
    group = _editable(deed, id)
    _check_text(text or "", _DESCRIPTION, least=0)
    if (previous or None) != group.description_id:
        raise Refusal(_CONFLICT, "conflict")
    # Without a description there is no id that a later change could name as the previous one.
    groups.set_description(deed.rows, id, text or None, text_id if text else None, deed.number, deed.now)
    group = found(deed.rows, id)
    _tell(deed, group, group_nodes.described(deed.rows, group, text_id))


def lock(deed: Deed, id: str, locked: bool) -> None:
    """Let only admins change the group's facts, or everybody."""
    group = _administered(deed, id)
    groups.set_locked(deed.rows, id, locked)
    _tell(deed, group, Node("locked" if locked else "unlocked"))


def announce(deed: Deed, id: str, announce: bool) -> None:
    """Let only admins write, or everybody."""
    group = _administered(deed, id)
    groups.set_announce(deed.rows, id, announce)
    _tell(deed, group, Node("announcement" if announce else "not_announcement", {"v_id": str(group.version)}))


def set_add_mode(deed: Deed, id: str, mode: str) -> None:
    """Let only admins add members, or everybody."""
    group = _administered(deed, id)
    if mode not in ("admin_add", "all_member_add"):
        raise Refusal(400, "bad-request")
    groups.set_add_mode(deed.rows, id, mode)
    _tell(deed, group, Node("member_add_mode", {}, mode.encode()))


def picture(deed: Deed, id: str, token: str | None) -> str | None:
    """Show the file of that token as the group's picture, or none; the picture's id."""
    group = _editable(deed, id)
    picture_id = None if token is None else str(int.from_bytes(deed.randomness(4)) + 1)
    groups.set_picture(deed.rows, id, picture_id, token)
    author = group_nodes.addresses(group, deed.number, deed.lid)[0]
    attrs: dict[str, str | Jid] = {"jid": group_nodes.jid_of(group), "author": author}
    if picture_id is not None:
        attrs["id"] = picture_id
    _tell(deed, group, Node("delete" if picture_id is None else "set", attrs), type="picture")
    return picture_id


def found(rows: sqlite3.Connection, id: str) -> Group:
    """The group of that id."""
    group = groups.find(rows, id)
    if group is None:
        raise Refusal(_NOT_FOUND, "item-not-found")
    return group


def seen_by(rows: sqlite3.Connection, id: str, number: str) -> Group:
    """The group of that id, for a member."""
    group = found(rows, id)
    if groups.member(rows, id, number) is None:
        raise Refusal(_FORBIDDEN, "forbidden")
    return group


def _of(deed: Deed, id: str) -> tuple[Group, Member]:
    group = found(deed.rows, id)
    member = groups.member(deed.rows, id, deed.number)
    if member is None:
        raise Refusal(_FORBIDDEN, "forbidden")
    return group, member


def _administered(deed: Deed, id: str) -> Group:
    group, actor = _of(deed, id)
    if not actor.is_admin:
        raise Refusal(_FORBIDDEN, "forbidden")
    return group


def _editable(deed: Deed, id: str) -> Group:
    group, actor = _of(deed, id)
    if group.locked and not actor.is_admin:
        raise Refusal(_FORBIDDEN, "forbidden")
    return group


def _check_text(text: str, most: int, *, least: int) -> None:
    if not least <= len(text) <= most:
        raise Refusal(406, "not-acceptable")


def _failed(jid: Jid, error: int) -> Node:
    return Node("participant", {"jid": jid, "error": str(error)})


def _add(deed: Deed, group: Group, jid: Jid, party: Party | None) -> Node:
    members = groups.members(deed.rows, group.id)
    if party is None:
        return _failed(jid, _NOT_FOUND)
    if any(member.number == party.number for member in members):
        return _failed(jid, _CONFLICT)
    if len(members) >= _MEMBERS:
        return _failed(jid, _FULL)
    groups.put_member(deed.rows, group.id, party.number, "member", deed.now)
    return group_nodes.participant(group, Member(party.number, party.lid, "member"))


def _remove(deed: Deed, group: Group, jid: Jid, party: Party | None) -> Node:
    member = _existing(deed, group, party)
    if member is None:
        return _failed(jid, _NOT_FOUND)
    if member.role == "superadmin" and member.number != deed.number:
        return _failed(jid, _FORBIDDEN)
    groups.remove_member(deed.rows, group.id, member.number)
    return group_nodes.participant(group, Member(member.number, member.lid, "member"))


def _promote(deed: Deed, group: Group, jid: Jid, party: Party | None) -> Node:
    return _appoint(deed, group, jid, party, "admin")


def _demote(deed: Deed, group: Group, jid: Jid, party: Party | None) -> Node:
    return _appoint(deed, group, jid, party, "member")


def _appoint(deed: Deed, group: Group, jid: Jid, party: Party | None, role: Role) -> Node:
    member = _existing(deed, group, party)
    if member is None:
        return _failed(jid, _NOT_FOUND)
    if member.role == "superadmin":
        return _failed(jid, _FORBIDDEN)
    groups.put_member(deed.rows, group.id, member.number, role, deed.now)
    return group_nodes.participant(group, Member(member.number, member.lid, role))


_ACTS: Final = {"add": _add, "remove": _remove, "promote": _promote, "demote": _demote}


def _existing(deed: Deed, group: Group, party: Party | None) -> Member | None:
    return None if party is None else groups.member(deed.rows, group.id, party.number)


def _welcome(deed: Deed, group: Group, newcomers: Sequence[Member], attrs: dict[str, str]) -> None:
    """Tell those who came the whole group."""
    fresh = found(deed.rows, group.id)
    node = Node("create", {"type": "new", **attrs}, (group_nodes.whole(deed.rows, fresh),))
    _tell(deed, fresh, node, {member.number for member in newcomers})


def _tell(
    deed: Deed, group: Group, change: Node, numbers: set[str] | None = None, type: str = "w:gp2"
) -> None:
    """Queue a notification for the companions of `numbers`, or of all members."""
    told = numbers if numbers is not None else {one.number for one in groups.members(deed.rows, group.id)}
    id = deed.id()
    attrs: dict[str, str | Jid] = {
        "from": group_nodes.jid_of(group),
        "type": type,
        "id": id,
        "t": str(int(deed.now)),
        "addressing_mode": group.addressing,
        **group_nodes.by(group, "participant", deed.number, deed.lid),
    }
    if deed.push_name:
        attrs["notify"] = deed.push_name
    frame = binary.encode(Node("notification", attrs, (change,)))
    for number in sorted(told):
        for row in devices.linked(deed.rows, number):
            queue.put(deed.rows, number, row.device, "notification", id, type, frame, deed.now)
            deed.touched.append((number, row.device))
