"""What an engine asks and is told of groups."""

from collections.abc import Callable

import pytest
import pytest_asyncio

from waypost.engine.groups import (
    CreateGroup,
    GetGroup,
    GetInvite,
    GetPicture,
    GroupChanged,
    GroupInfo,
    JoinGroup,
    LeaveGroup,
    ListGroups,
    SetDescription,
    SetGroupOption,
    SetPicture,
    SetSubject,
    UpdateMembers,
)
from waypost.engine.port import Session
from waypost.errors import (
    GROUP_NOT_ADMIN,
    GROUP_NOT_FOUND,
    GROUP_VALUE_REFUSED,
    INVITE_INVALID,
    EngineError,
    Fault,
)
from waypost.sandbox.group_views import GroupPatch, MembersChange, NewGroup
from waypost.sandbox.views import NewContact
from waypost.testing.engine_stage import EngineStage

PHONE, ANN, BEN = "+4915112345678", "+4915200000001", "+4915200000002"
JPEG = b"\xff\xd8\xff" + bytes(64)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="stage")
async def _stage(shared_stage: EngineStage) -> EngineStage:
    await shared_stage.sandbox.add_contact(NewContact(phone=ANN, name="Ann"))
    await shared_stage.sandbox.add_contact(NewContact(phone=BEN))
    await shared_stage.paired("shop", PHONE)
    await shared_stage.connected("shop")
    return shared_stage


@pytest_asyncio.fixture(loop_scope="module")
async def session(stage: EngineStage) -> Session:
    return await stage.session("shop")


def jid(phone: str) -> str:
    return f"{phone[1:]}@s.whatsapp.net"


async def created(session: Session, *members: str) -> GroupInfo:
    order = CreateGroup(subject="Plans", members=[jid(member) for member in members])
    return (await session.group(order)).groups[0]


async def look(session: Session, group: str) -> GroupInfo:
    return (await session.group(GetGroup(group=group))).groups[0]


async def refused(session: Session, order: object) -> Fault:
    with pytest.raises(EngineError) as caught:
        await session.group(order)  # type: ignore[arg-type]
    return caught.value.fault


async def told(stage: EngineStage, group: str, about: Callable[[GroupChanged], bool]) -> GroupChanged:
    """The first event of a group that is about something."""

    def found() -> list[GroupChanged]:
        events = (event for event in stage.events.events if isinstance(event, GroupChanged))
        return [event for event in events if event.group == group and about(event)]

    await stage.events.until(lambda: bool(found()))
    return found()[0]


def about(name: str) -> Callable[[GroupChanged], bool]:
    return lambda event: getattr(event, name) is not None


async def test_a_group_that_is_created_is_listed_with_both_addresses_of_its_members(session: Session) -> None:
    made = await created(session, ANN)
    roles = {member.number: (member.role, member.lid is not None) for member in made.members}
    assert roles == {jid(PHONE): ("superadmin", True), jid(ANN): ("member", True)}
    listed = (await session.group(ListGroups())).groups
    assert made.jid in [group.jid for group in listed]


async def test_members_come_go_and_become_admins(session: Session) -> None:
    group = (await created(session, ANN)).jid
    for action, outcome in (("add", 0), ("add", 409), ("promote", 0), ("demote", 0), ("remove", 0)):
        order = UpdateMembers(group=group, action=action, members=[jid(BEN)])  # type: ignore[arg-type]
        assert [one.error for one in (await session.group(order)).outcomes] == [outcome]
        role = {member.number: member.role for member in (await look(session, group)).members}.get(jid(BEN))
        assert role == {"promote": "admin", "remove": None}.get(action, "member")


async def test_what_a_group_is_called_and_lets_its_members_do_changes(session: Session) -> None:
    group = (await created(session, ANN)).jid
    await session.group(SetSubject(group=group, subject="Pläne"))
    for text in ("What for", "Another", ""):
        await session.group(SetDescription(group=group, description=text))
        assert (await look(session, group)).description == (text or None)
    await session.group(SetGroupOption(group=group, option="locked", on=True))
    await session.group(SetGroupOption(group=group, option="announce", on=True))
    info = await look(session, group)
    assert (info.subject, info.locked, info.announce) == ("Pläne", True, True)
    await session.group(SetGroupOption(group=group, option="announce", on=False))
    assert (await look(session, group)).announce is False


async def test_a_picture_is_set_and_found(session: Session) -> None:
    group = (await created(session)).jid
    assert (await session.group(GetPicture(group=group))).picture_id is None
    set_ = await session.group(SetPicture(group=group, jpeg=JPEG))
    found = await session.group(GetPicture(group=group))
    assert found.picture_id == set_.picture_id
    assert (found.picture_url or "").startswith("https://")
    order = SetPicture(group=group, jpeg=b"GIF89a")
    assert await refused(session, order) is GROUP_VALUE_REFUSED


async def test_a_link_is_followed_renewed_and_revoked(session: Session, stage: EngineStage) -> None:
    theirs = await stage.sandbox.groups.create(NewGroup(subject="Theirs", owner=ANN))
    code = (await stage.sandbox.groups.invite(theirs.id)).link.rpartition("/")[2]
    assert (await session.group(JoinGroup(code=code))).jid == theirs.id
    assert await refused(session, GetInvite(group=theirs.id)) is GROUP_NOT_ADMIN
    await session.group(LeaveGroup(group=theirs.id))
    assert await refused(session, GetGroup(group=theirs.id)) is GROUP_NOT_FOUND
    group = (await created(session)).jid
    old = (await session.group(GetInvite(group=group))).link or ""
    new = (await session.group(GetInvite(group=group, renew=True))).link
    assert new != old
    assert await refused(session, JoinGroup(code=old.rpartition("/")[2])) is INVITE_INVALID
    assert await refused(session, JoinGroup(code="nonsense")) is INVITE_INVALID


async def test_who_may_not_is_told_from_who_is_not_in_the_group(session: Session, stage: EngineStage) -> None:
    theirs = await stage.sandbox.groups.create(
        NewGroup(subject="Theirs", owner=ANN, members=[PHONE, BEN], locked=True)
    )
    orders = (
        UpdateMembers(group=theirs.id, action="remove", members=[jid(BEN)]),
        SetSubject(group=theirs.id, subject="Mine"),
        SetGroupOption(group=theirs.id, option="locked", on=False),
    )
    for order in orders:
        assert await refused(session, order) is GROUP_NOT_ADMIN
    await session.group(LeaveGroup(group=theirs.id))
    for order in orders:
        assert await refused(session, order) is GROUP_NOT_FOUND
    assert await refused(session, SetSubject(group="123@g.us", subject="x")) is GROUP_NOT_FOUND
    mine = (await created(session)).jid
    assert await refused(session, SetSubject(group=mine, subject="x" * 101)) is GROUP_VALUE_REFUSED


async def test_what_others_do_to_a_group_is_told(stage: EngineStage, session: Session) -> None:
    theirs = await stage.sandbox.groups.create(NewGroup(subject="Theirs", owner=ANN, members=[PHONE]))
    joined = await told(stage, theirs.id, lambda event: event.joined is not None)
    assert joined.joined is not None
    assert joined.joined.subject == "Theirs"
    await stage.sandbox.groups.members(theirs.id, MembersChange(action="add", members=[BEN]))
    added = await told(stage, theirs.id, lambda event: bool(event.added))
    ben = (await stage.sandbox.contact(BEN)).lid
    ann = (await stage.sandbox.contact(ANN)).lid
    assert (added.added, added.author) == ([f"{ben}@lid"], f"{ann}@lid")
    await stage.sandbox.groups.change(
        theirs.id, GroupPatch(subject="Ours", description="Why", announce=True, locked=True)
    )
    for name, value in (("subject", "Ours"), ("description", "Why"), ("announce", True), ("locked", True)):
        assert getattr(await told(stage, theirs.id, about(name)), name) == value
    await stage.sandbox.groups.members(theirs.id, MembersChange(action="promote", members=[PHONE]))
    await told(stage, theirs.id, lambda event: bool(event.promoted))
    await session.group(SetPicture(group=theirs.id, jpeg=JPEG))
    assert (await told(stage, theirs.id, lambda event: event.picture is not None)).picture == "set"
    await stage.sandbox.groups.leave(theirs.id, BEN)
    assert (await told(stage, theirs.id, lambda event: bool(event.removed))).removed == [f"{ben}@lid"]
