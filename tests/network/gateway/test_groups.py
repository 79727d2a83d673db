"""Operations on groups: from the call to what the network has of it."""

import io
from typing import Any

import pytest
import pytest_asyncio
from httpx import Response
from PIL import Image

from waypost.sandbox.group_views import GroupView, NewGroup
from waypost.sandbox.views import InboxMessage, NewContact
from waypost.testing.gateway_stage import CONTACT, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

SECOND, NOBODY = "447700900103", "447700900199"
Json = dict[str, Any]


@pytest_asyncio.fixture(loop_scope="package", autouse=True)
async def _second(stage: Stage) -> None:
    await stage.control.add_contact(NewContact(f"+{SECOND}", "Ben"))


async def call(stage: Stage, method: str, operation: str, **fields: Any) -> Response:
    path, headers = f"{stage.instance.base}/{operation}", stage.instance.headers
    return await stage.http.request(method, path, headers=headers, json=fields)


async def done(stage: Stage, answer: Response) -> Json:
    request = await stage.finished(answer)
    assert (request["response_status"], request["status"]) == (200, "sent"), request
    body: Json = request["response_body"]
    return body


async def failed(stage: Stage, answer: Response, status: int, code: str) -> None:
    request = await stage.finished(answer)
    assert (request["response_status"], request["error"]["code"]) == (status, code), request


async def created(stage: Stage, *people: str) -> Json:
    answer = await call(
        stage, "POST", "create-group", subject="Plans", participants=[f"{one}@c.us" for one in people]
    )
    return await done(stage, answer)


async def seen(stage: Stage, group: str) -> GroupView:
    return await stage.control.groups.get(group)


async def test_a_group_is_created_with_those_who_are_on_whatsapp(stage: Stage) -> None:
    result = await created(stage, CONTACT, NOBODY)
    assert [one["status"] for one in result["participants"]] == [200, 404]
    roles = {one["number"]: one["role"] for one in result["group"]["participants"]}
    assert roles == {f"{stage.instance.phone}@c.us": "superadmin", f"{CONTACT}@c.us": "member"}
    group = await seen(stage, result["group"]["id"])
    assert (group.subject, group.owner) == ("Plans", f"+{stage.instance.phone}")
    await failed(
        stage,
        await call(stage, "POST", "create-group", subject="Alone", participants=[NOBODY]),
        404,
        "not_on_whatsapp",
    )


async def test_members_are_added_promoted_demoted_and_removed(stage: Stage) -> None:
    group = (await created(stage, CONTACT))["group"]["id"]
    for action, statuses, role in (
        ("add", [200, 404], "member"),
        ("add", [409, 404], "member"),
        ("promote", [200, 404], "admin"),
        ("demote", [200, 404], "member"),
        ("remove", [200, 404], None),
        ("remove", [404, 404], None),
    ):
        people = [SECOND, NOBODY]
        answer = await call(stage, "POST", f"group-participants-{action}", chatId=group, participants=people)
        result = await done(stage, answer)
        assert [one["status"] for one in result["participants"]] == statuses, action
        roles = {one.phone: one.role for one in (await seen(stage, group)).members}
        assert roles.get(f"+{SECOND}") == role


async def test_subject_description_and_settings_change(stage: Stage) -> None:
    group = (await created(stage, CONTACT))["group"]["id"]
    await done(stage, await call(stage, "PUT", "group-subject", chatId=group, subject="Über uns"))
    await done(stage, await call(stage, "PUT", "group-description", chatId=group, description="Why"))
    await done(stage, await call(stage, "PUT", "group-settings", chatId=group, announce=True, locked=True))
    view = await seen(stage, group)
    assert (view.subject, view.description, view.announce, view.locked) == ("Über uns", "Why", True, True)
    await done(stage, await call(stage, "PUT", "group-description", chatId=group, description=""))
    await done(stage, await call(stage, "PUT", "group-settings", chatId=group, announce=False))
    view = await seen(stage, group)
    assert (view.description, view.announce, view.locked) == (None, False, True)


async def test_any_image_becomes_the_picture_of_a_group(stage: Stage) -> None:
    group = (await created(stage, CONTACT))["group"]["id"]
    image = io.BytesIO()
    Image.new("RGBA", (900, 300), (200, 30, 30, 255)).save(image, "PNG")
    answer = await stage.http.put(
        f"{stage.instance.base}/group-picture",
        headers=stage.instance.headers,
        data={"chatId": group},
        files={"file": ("flag.png", image.getvalue())},
    )
    result = await done(stage, answer)
    assert result["picture_id"] == (await seen(stage, group)).picture


async def test_a_link_is_renewed_and_lets_in_whoever_has_it(stage: Stage) -> None:
    group = (await created(stage, CONTACT))["group"]["id"]
    first = (await done(stage, await call(stage, "POST", "group-invite-reset", chatId=group)))["link"]
    second = (await done(stage, await call(stage, "POST", "group-invite-reset", chatId=group)))["link"]
    assert first != second
    await stage.control.groups.join(second.rpartition("/")[2], f"+{SECOND}")
    theirs = await stage.control.groups.create(NewGroup(subject="Theirs", owner=f"+{CONTACT}"))
    link = (await stage.control.groups.invite(theirs.id)).link
    joined = await done(stage, await call(stage, "POST", "join-group", link=link))
    assert joined["id"] == theirs.id
    assert f"+{stage.instance.phone}" in [one.phone for one in (await seen(stage, theirs.id)).members]
    await failed(stage, await call(stage, "POST", "join-group", link=first), 404, "invite_invalid")
    await done(stage, await call(stage, "POST", "leave-group", chatId=theirs.id))
    assert f"+{stage.instance.phone}" not in [one.phone for one in (await seen(stage, theirs.id)).members]


async def test_what_only_admins_may_is_refused_with_a_reason(stage: Stage) -> None:
    theirs = await stage.control.groups.create(
        NewGroup(subject="Theirs", owner=f"+{CONTACT}", members=[f"+{stage.instance.phone}"], locked=True)
    )
    answer = await call(stage, "PUT", "group-subject", chatId=theirs.id, subject="Mine")
    await failed(stage, answer, 403, "group_not_admin")
    answer = await call(stage, "PUT", "group-subject", chatId="120363000000000001@g.us", subject="Mine")
    await failed(stage, answer, 404, "group_not_found")


@pytest.mark.parametrize(
    ("method", "operation", "fields", "field"),
    [
        ("POST", "create-group", {"subject": "", "participants": [CONTACT]}, "subject"),
        ("POST", "create-group", {"subject": "x", "participants": []}, "participants"),
        ("POST", "create-group", {"subject": "x", "participants": ["1203630@g.us"]}, "participants"),
        ("POST", "group-participants-add", {"chatId": CONTACT, "participants": [SECOND]}, "chatId"),
        ("PUT", "group-settings", {"chatId": "1203630@g.us"}, "announce"),
        ("PUT", "group-picture", {"chatId": "1203630@g.us"}, "file"),
        ("POST", "join-group", {"link": "https://example.org/?"}, "link"),
        ("POST", "leave-group", {"chatId": f"{CONTACT}@c.us"}, "chatId"),
        ("POST", "send-text", {"chatId": CONTACT, "text": "x", "mentions": ["1203630@g.us"]}, "mentions"),
    ],
)
async def test_what_can_t_be_meant_is_refused_at_once(
    stage: Stage, method: str, operation: str, fields: Json, field: str
) -> None:
    answer = await call(stage, method, operation, **fields)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


async def read(stage: Stage, what: str, **query: str) -> Response:
    path, headers = f"{stage.instance.base}/groups/{what}", stage.instance.headers
    return await stage.http.get(path, headers=headers, params=query)


async def test_groups_are_listed_and_shown(stage: Stage) -> None:
    group = (await created(stage, CONTACT))["group"]
    listed = (await read(stage, "get-all", limit="1000")).json()["data"]
    assert group["id"] in [one["id"] for one in listed]
    assert [one["subject"] for one in listed] == sorted(one["subject"] for one in listed)
    assert (await read(stage, "get-all", limit="1", offset="1")).json()["data"] == listed[1:2]
    assert (await read(stage, "get", chat_id=group["id"])).json()["data"] == group
    link = (await read(stage, "invite-link", chat_id=group["id"])).json()["link"]
    assert link.startswith("https://chat.whatsapp.com/")
    assert (await read(stage, "picture", chat_id=group["id"])).json() == {"picture_id": None, "url": None}


async def test_what_can_t_be_read_of_a_group_has_a_reason(stage: Stage) -> None:
    for what, query, status in (
        ("get", {}, 422),
        ("get", {"chat_id": CONTACT}, 422),
        ("get", {"chat_id": "120363000000000001@g.us"}, 404),
        ("get-all", {"limit": "0"}, 422),
    ):
        assert (await read(stage, what, **query)).status_code == status, (what, query)
    idle = await stage.create("idle", "447700900188")
    answer = await stage.http.get(f"/api/whatsapp/v2/{idle['id']}/groups/get-all", headers=stage.admin)
    assert answer.status_code == 503


async def test_people_who_are_named_in_a_text_are_told(stage: Stage) -> None:
    group = (await created(stage, CONTACT, SECOND))["group"]["id"]
    text = f"@{SECOND} and @+{CONTACT}, not @{NOBODY}"
    people = [f"{SECOND}@c.us", f"+{CONTACT}", NOBODY]
    for chat in (group, f"{CONTACT}@c.us"):
        answer = await call(stage, "POST", "send-text", chatId=chat, text=text, mentions=people)
        request = await stage.finished(answer)
        body = request["response_body"]
        assert body["warnings"] == ["mention_not_found"]
        got = await received(stage, body["key"]["id"])
        named = [(await stage.control.contact(f"+{one}")).lid for one in (SECOND, CONTACT)]
        users = named if chat == group else [SECOND, CONTACT]
        server = "lid" if chat == group else "s.whatsapp.net"
        assert got.text == f"@{users[0]} and @{users[1]}, not @{NOBODY}"
        context = got.fields["extended_text"]["context_info"]
        assert context["mentioned_jid"] == [f"{user}@{server}" for user in users]


async def received(stage: Stage, id: str) -> InboxMessage:
    async def look() -> InboxMessage | None:
        inbox = await stage.inbox()
        return next((one for one in inbox.messages if one.id == id), None)

    found: InboxMessage = await until(look, lambda one: one is not None)
    return found
