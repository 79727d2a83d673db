"""Groups as a client sees them on the wire."""

import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from waypost.errors import SandboxError
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.group_views import GroupPatch, GroupView, MembersChange, NewGroup
from waypost.sandbox.server import Sandbox
from waypost.sandbox.views import NewContact
from waypost.sandbox.wire.node import GROUP_SERVER, LID_SERVER, PHONE_SERVER, SERVER_JID, Jid, Node

from .companion import Companion
from .conftest import SHOP

ADA, BEN = "+491700000001", "+491700000002"
GROUPS = Jid("", GROUP_SERVER)


@pytest_asyncio.fixture
async def online(sandbox: Sandbox, client: SandboxClient, companion: Companion) -> AsyncIterator[Companion]:
    await client.add_contact(NewContact(BEN, "Ben"))
    async with companion.connected(sandbox, companion.login()):
        await companion.activate()
        await companion.next("ib")
        yield companion


async def ask(companion: Companion, type: str, to: Jid, *content: Node, xmlns: str = "w:g2") -> Node:
    id = os.urandom(4).hex()
    await companion.send(Node("iq", {"xmlns": xmlns, "type": type, "id": id, "to": to}, content))
    return await companion.next("iq", id=id)


def error_of(answer: Node) -> str | None:
    error = answer.child("error")
    return None if error is None else error.need("code")


def phone_jid(number: str) -> Jid:
    return Jid(number[1:], PHONE_SERVER)


async def created(companion: Companion, *numbers: str) -> Jid:
    people = tuple(Node("participant", {"jid": phone_jid(number)}) for number in numbers)
    answer = await ask(companion, "set", GROUPS, Node("create", {"subject": "Plans", "key": "K"}, people))
    group = answer.need_child("group")
    told = await companion.next("notification", type="w:gp2")
    assert told.need_child("create").need("key") == "K"
    return Jid(group.need("id"), GROUP_SERVER)


async def theirs(client: SandboxClient, **changes: object) -> GroupView:
    return await client.groups.create(
        NewGroup(subject="Theirs", owner=ADA, members=[SHOP, BEN], **changes)  # type: ignore[arg-type]
    )


async def test_who_creates_a_group_owns_it_and_sees_everybody_by_lid_and_number(
    client: SandboxClient, online: Companion
) -> None:
    jid = await created(online, ADA, BEN, "+4999999999")
    answer = await ask(online, "get", jid, Node("query", {"request": "interactive"}))
    group = answer.need_child("group")
    roles = {node.need_jid("phone_number"): node.attr("type") for node in group.children("participant")}
    assert roles == {phone_jid(SHOP): "superadmin", phone_jid(ADA): None, phone_jid(BEN): None}
    assert all(node.need_jid("jid").server == LID_SERVER for node in group.children("participant"))
    listed = await ask(online, "get", GROUPS, Node("participating"))
    assert [node.need("id") for node in listed.need_child("groups").nodes] == [jid.user]
    assert (await client.groups.get(str(jid))).subject == "Plans"


async def test_members_change_and_everybody_is_told(client: SandboxClient, online: Companion) -> None:
    jid = await created(online, ADA)
    added = await ask(
        online,
        "set",
        jid,
        Node("add", {}, tuple(Node("participant", {"jid": phone_jid(one)}) for one in (BEN, ADA))),
    )
    assert [node.attr("error") for node in added.need_child("add").nodes] == [None, "409"]
    assert len((await online.next("notification", type="w:gp2")).need_child("add").nodes) == 1
    for action, role in (("promote", "admin"), ("demote", "member")):
        await ask(online, "set", jid, Node(action, {}, (Node("participant", {"jid": phone_jid(BEN)}),)))
        await online.next("notification", type="w:gp2")
        members = {one.phone: one.role for one in (await client.groups.get(str(jid))).members}
        assert members[BEN] == role
    await client.groups.leave(str(jid), BEN)
    left = (await online.next("notification", type="w:gp2")).need_child("remove")
    assert left.nodes[0].need_jid("phone_number") == phone_jid(BEN)


@pytest.mark.parametrize(
    ("change", "seen"),
    [
        (Node("subject", {}, b"New"), "subject"),
        (Node("description", {"id": "D1"}, (Node("body", {}, b"What it is for"),)), "description"),
        (Node("locked"), "locked"),
        (Node("announcement"), "announcement"),
        (Node("member_add_mode", {}, b"admin_add"), "member_add_mode"),
    ],
    ids=lambda value: value.tag if isinstance(value, Node) else "",
)
async def test_an_owner_changes_the_facts_of_a_group_and_others_in_a_locked_one_do_not(
    client: SandboxClient, online: Companion, change: Node, seen: str
) -> None:
    jid = await created(online, ADA)
    assert error_of(await ask(online, "set", jid, change)) is None
    await online.next("notification", type="w:gp2")
    group = (await ask(online, "get", jid, Node("query"))).need_child("group")
    assert seen == "subject" or group.child(seen) is not None
    other = await theirs(client, locked=True)
    assert error_of(await ask(online, "set", Jid.parse(other.id), change)) == "403"


async def test_a_description_is_changed_only_by_who_saw_the_one_before(online: Companion) -> None:
    jid = await created(online)
    body = (Node("body", {}, b"one"),)
    await ask(online, "set", jid, Node("description", {"id": "D1"}, body))
    assert error_of(await ask(online, "set", jid, Node("description", {"id": "D2"}, body))) == "409"
    deleted = Node("description", {"id": "D3", "prev": "D1", "delete": "true"})
    assert error_of(await ask(online, "set", jid, deleted)) is None
    group = (await ask(online, "get", jid, Node("query"))).need_child("group")
    assert group.child("description") is None


async def test_an_invite_link_lets_in_until_it_is_renewed(client: SandboxClient, online: Companion) -> None:
    other = await client.groups.create(NewGroup(subject="Theirs", owner=ADA))
    code = (await client.groups.invite(other.id)).link.rpartition("/")[2]
    shown = await ask(online, "get", GROUPS, Node("invite", {"code": code}))
    assert shown.need_child("group").need("subject") == "Theirs"
    joined = await ask(online, "set", GROUPS, Node("invite", {"code": code}))
    assert str(joined.need_child("group").need_jid("jid")) == other.id
    assert (await online.next("notification")).need_child("create").need_child("group")
    assert error_of(await ask(online, "get", Jid.parse(other.id), Node("invite"))) == "401"
    mine = await created(online)
    old = (await ask(online, "get", mine, Node("invite"))).need_child("invite").need("code")
    new = (await ask(online, "set", mine, Node("invite"))).need_child("invite").need("code")
    assert new != old
    assert error_of(await ask(online, "get", GROUPS, Node("invite", {"code": old}))) == "410"
    assert error_of(await ask(online, "get", GROUPS, Node("invite", {"code": "nonsense"}))) == "406"


async def test_what_is_not_allowed_is_refused(client: SandboxClient, online: Companion) -> None:
    other = Jid.parse((await theirs(client)).id)
    remove = Node("remove", {}, (Node("participant", {"jid": phone_jid(BEN)}),))
    assert error_of(await ask(online, "set", other, remove)) == "403"
    await ask(online, "set", GROUPS, Node("leave", {}, (Node("group", {"id": other}),)))
    assert error_of(await ask(online, "get", other, Node("query"))) == "403"
    assert error_of(await ask(online, "get", Jid("123", GROUP_SERVER), Node("query"))) == "404"
    long = Node("create", {"subject": "x" * 101})
    assert error_of(await ask(online, "set", GROUPS, long)) == "406"


async def test_a_picture_is_set_shown_and_removed(client: SandboxClient, online: Companion) -> None:
    jid = await created(online, ADA)
    ns = "w:profile:picture"

    async def picture(type: str, *content: Node) -> Node:
        id = os.urandom(4).hex()
        attrs: dict[str, str | Jid] = {"xmlns": ns, "type": type, "id": id, "to": SERVER_JID, "target": jid}
        await online.send(Node("iq", attrs, content))
        return await online.next("iq", id=id)

    assert error_of(await picture("set", Node("picture", {"type": "image"}, b"not a jpeg"))) == "406"
    made = await picture("set", Node("picture", {"type": "image"}, b"\xff\xd8\xff" + bytes(50)))
    id = made.need_child("picture").need("id")
    assert (await online.next("notification", type="picture")).need_child("set").need("id") == id
    assert (await picture("get", Node("picture", {"query": "url"}))).need_child("picture").need("id") == id
    await picture("set")
    assert error_of(await picture("get", Node("picture", {"query": "url"}))) == "404"


async def test_the_last_admin_who_leaves_is_followed_by_the_oldest_member(
    client: SandboxClient, online: Companion
) -> None:
    group = await theirs(client)
    await client.groups.leave(group.id, ADA)
    roles = sorted(one.role for one in (await client.groups.get(group.id)).members)
    assert roles == ["admin", "member"]
    for phone in (SHOP, BEN):
        await client.groups.leave(group.id, phone)
    with pytest.raises(SandboxError):
        await client.groups.get(group.id)


async def test_the_control_api_does_what_a_member_could_and_refuses_the_rest(
    client: SandboxClient, online: Companion
) -> None:
    group = await theirs(client, announce=True)
    changed = await client.groups.change(group.id, GroupPatch(subject="Ours", description="Why"))
    assert (changed.subject, changed.description) == ("Ours", "Why")
    with pytest.raises(SandboxError, match="forbidden"):
        await client.groups.change(group.id, GroupPatch(by=BEN, announce=False))
    changed = await client.groups.members(group.id, MembersChange(action="remove", members=[BEN]))
    assert BEN not in [one.phone for one in changed.members]
    assert group.id in [one.id for one in await client.groups.every()]
    await client.groups.remove(group.id)
    assert group.id not in [one.id for one in await client.groups.every()]
