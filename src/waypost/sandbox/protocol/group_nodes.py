"""Groups as stanzas name them.

Members of a group are addressed in one family, the group's `addressing`; the other one of each is told
beside it.
"""

import sqlite3

from waypost.sandbox.state import groups, parties
from waypost.sandbox.state.groups import Group, Member
from waypost.sandbox.wire.node import GROUP_SERVER, LID_SERVER, PHONE_SERVER, Jid, Node

SERVER = {"lid": LID_SERVER, "pn": PHONE_SERVER}


def jid_of(group: Group) -> Jid:
    """The group's address."""
    return Jid(group.id, GROUP_SERVER)


def addresses(group: Group, number: str, lid: str, device: int = 0) -> tuple[Jid, Jid]:
    """A member's address in the group's family, and the bare one in the other."""
    if group.addressing == "lid":
        return Jid(lid, LID_SERVER, device), Jid(number, PHONE_SERVER)
    return Jid(number, PHONE_SERVER, device), Jid(lid, LID_SERVER)


def by(
    group: Group, name: str, number: str, lid: str, device: int = 0, other: str | None = None
) -> dict[str, str | Jid]:
    """The attributes that name somebody: `name`, and `name`_pn or `name`_lid beside it."""
    jid, alias = addresses(group, number, lid, device)
    suffix = "pn" if group.addressing == "lid" else "lid"
    return {name: jid, other or f"{name}_{suffix}": alias}


def participant(group: Group, member: Member, error: int | None = None) -> Node:
    """A member in a list of members."""
    other = "phone_number" if group.addressing == "lid" else "lid"
    attrs = by(group, "jid", member.number, member.lid, other=other)
    if error is not None:
        attrs["error"] = str(error)
    elif member.is_admin:
        attrs["type"] = member.role
    return Node("participant", attrs)


def whole(rows: sqlite3.Connection, group: Group) -> Node:
    """All that a member learns of its group."""
    members = groups.members(rows, group.id)
    attrs: dict[str, str | Jid] = {
        "id": group.id,
        "addressing_mode": group.addressing,
        "subject": group.subject,
        "s_t": str(int(group.subject_at)),
        "creation": str(int(group.created_at)),
        "size": str(len(members)),
        "p_v_id": str(group.version),
        "a_v_id": str(group.version),
        **_somebody(rows, group, "s_o", group.subject_by),
        **_somebody(rows, group, "creator", group.creator),
    }
    content = [participant(group, member) for member in members]
    if group.description is not None:
        content.append(described(rows, group, group.description_id or ""))
    content += [Node(tag) for tag, so in (("locked", group.locked), ("announcement", group.announce)) if so]
    content.append(Node("member_add_mode", {}, group.add_mode.encode()))
    return Node("group", attrs, tuple(content))


def described(rows: sqlite3.Connection, group: Group, id: str) -> Node:
    """The description of that id, as it stands."""
    attrs: dict[str, str | Jid] = {
        "id": id,
        "t": str(int(group.description_at or 0)),
        **_somebody(rows, group, "participant", group.description_by or ""),
    }
    text = group.description
    inner = Node("delete") if text is None else Node("body", {}, text.encode())
    return Node("description", attrs, (inner,))


def subject(rows: sqlite3.Connection, group: Group) -> Node:
    """The subject, as it stands."""
    attrs: dict[str, str | Jid] = {"subject": group.subject, "s_t": str(int(group.subject_at))}
    return Node("subject", {**attrs, **_somebody(rows, group, "s_o", group.subject_by)})


def _somebody(rows: sqlite3.Connection, group: Group, name: str, number: str) -> dict[str, str | Jid]:
    party = parties.find_registered(rows, number)
    return {} if party is None else by(group, name, party.number, party.lid)
