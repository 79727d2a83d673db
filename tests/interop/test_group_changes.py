"""Groups that we change, as the other engine, a member, is told of it; and theirs: joined, and left."""

from typing import Any

import pytest
import pytest_asyncio
from tests.interop.rows import Stage
from tests.interop.told import Told
from tests.pictures import jpeg

from waypost.testing.driven import DrivenFailed
from waypost.testing.phones import GroupSeen, Phone

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def change(stage: Stage, method: str, operation: str, group: str, **fields: Any) -> dict[str, Any]:
    request = await stage.us.done(method, operation, json={"chatId": group, **fields})
    body: dict[str, Any] = request["response_body"]
    return body


async def asked(phone: Phone, baileys: str, whatsmeow: str, *args: Any) -> Any:
    """A question by the name that the engine has for it."""
    method = baileys if phone.engine == "baileys" else whatsmeow
    return await phone.driven.call("ask", method=method, args=list(args))


@pytest_asyncio.fixture(loop_scope="session")
async def group(stage: Stage) -> str:
    """A group of ours with the phone in it."""
    return await stage.us.create_group("Changes", f"{stage.phone.number}@c.us")


async def test_what_a_group_is_called_and_who_may_what(stage: Stage, group: str, told: Told) -> None:
    await change(stage, "PUT", "group-subject", group, subject="Über uns")
    await stage.phone.driven.event("group", id=group, subject="Über uns")
    await change(stage, "PUT", "group-description", group, description="Why we are here")
    await change(stage, "PUT", "group-settings", group, announce=True, locked=True)
    seen = await stage.phone.group(group)
    assert (seen.subject, seen.description) == ("Über uns", "Why we are here")
    assert (seen.announce, seen.locked) == (True, True)
    with pytest.raises(DrivenFailed):
        await asked(stage.phone, "profilePictureUrl", "get_profile_picture", group)
    picture = {"file": ("flag.jpg", jpeg(640, 480), "image/jpeg")}
    request = await stage.us.done("PUT", "group-picture", data={"chatId": group}, files=picture)
    assert request["response_body"]["picture_id"]
    await asked(stage.phone, "profilePictureUrl", "get_profile_picture", group)
    told.rows.append((stage.phone.engine, "group", "our subject, picture, settings", "all seen"))


async def test_who_is_in_a_group_and_in_which_role(stage: Stage, group: str, told: Told) -> None:
    them, ada = f"{stage.phone.number}@c.us", (await stage.sandbox.contacts())[0].phone

    async def do(operation: str, whom: str) -> GroupSeen:
        result = await change(stage, "POST", operation, group, participants=[whom])
        assert [one["status"] for one in result["participants"]] == [200]
        await stage.phone.driven.event("members", id=group, action=operation.rpartition("-")[2])
        return await stage.phone.group(group)

    assert len((await do("group-participants-add", ada)).members) == 3
    assert (await do("group-participants-promote", them)).role(stage.phone) == "admin"
    assert (await do("group-participants-demote", them)).role(stage.phone) == ""
    assert len((await do("group-participants-remove", ada)).members) == 2
    await change(stage, "POST", "group-participants-remove", group, participants=[them])
    with pytest.raises(DrivenFailed):
        await stage.phone.group(group)
    told.rows.append((stage.phone.engine, "group", "our members", "added, promoted, demoted, removed"))


async def test_our_invite_link_and_the_one_that_it_replaces(stage: Stage, group: str, told: Told) -> None:
    codes = []
    for _ in range(2):
        link = (await change(stage, "POST", "group-invite-reset", group))["link"]
        codes.append(str(link).rpartition("/")[2])
    await asked(stage.phone, "groupGetInviteInfo", "get_group_info_from_link", codes[1])
    with pytest.raises(DrivenFailed):
        await asked(stage.phone, "groupGetInviteInfo", "get_group_info_from_link", codes[0])
    told.rows.append((stage.phone.engine, "group", "our invite link", "leads to the group; the old one not"))


async def test_we_join_by_their_link_and_leave(stage: Stage, told: Told) -> None:
    ada = (await stage.sandbox.contacts())[0].phone
    theirs = await stage.phone.create_group("Theirs", [f"{ada[1:]}@s.whatsapp.net"])
    link = await asked(stage.phone, "groupInviteCode", "get_group_invite_link", theirs)
    joined = await stage.us.done("POST", "join-group", json={"link": link})
    assert joined["response_body"]["id"] == theirs
    names = {f"{stage.us.lid}@lid", f"{stage.us.number}@s.whatsapp.net"}
    assert names & set((await stage.phone.group(theirs)).members)
    await change(stage, "POST", "leave-group", theirs)
    assert not names & set((await stage.phone.group(theirs)).members)
    told.rows.append((stage.phone.engine, "group", "their invite link", "joined, and left again"))
