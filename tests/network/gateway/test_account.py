"""The account, and the people that it knows, from the call to the phone and back."""

import asyncio
from typing import Any

import pytest

from waypost.sandbox.account_views import ContactProfile
from waypost.sandbox.views import NewContact, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

ADA = f"+{CONTACT}"


async def get(stage: Stage, path: str, **query: Any) -> Any:
    return await stage.http.get(f"{stage.instance.base}/{path}", headers=stage.instance.headers, params=query)


async def done(stage: Stage, method: str, path: str, **more: Any) -> dict[str, Any]:
    answer = await stage.http.request(
        method, f"{stage.instance.base}/{path}", headers=stage.instance.headers, **more
    )
    return await stage.finished(answer)


async def presences(stage: Stage, states: set[str]) -> list[dict[str, Any]]:
    """The payloads of presence.update until all of `states` were told."""
    found: list[dict[str, Any]] = []
    async with asyncio.timeout(20):
        async for event in stage.client.events("presence.update", after="0"):
            found.append(event.payload)
            if states <= {one["presences"][0]["lastKnownPresence"] for one in found}:
                break
    return found


async def test_a_contact_is_known_by_both_addresses_and_both_names(stage: Stage) -> None:
    await stage.control.save_contact(f"+{PHONE}", ADA, "Ada of sales")
    await stage.control.send(ADA, Send(to=f"+{PHONE}", text="hello"))
    lid = (await stage.control.contact(ADA)).lid
    wanted = {"id": f"{CONTACT}@c.us", "name": "Ada of sales", "pushname": "Ada", "lid": f"{lid}@lid"}

    async def one() -> Any:
        return (await get(stage, "contacts/get", chat_id=CONTACT)).json()

    found = await until(one, lambda body: body.get("data") == wanted)
    assert found["message"] == "Contact retrieved successfully."
    for spelling in (f"{CONTACT}@c.us", f"{lid}@lid", ADA):
        assert (await get(stage, "contacts/get", chat_id=spelling)).json()["data"] == wanted
    listed = (await get(stage, "contacts/get-all", limit=1000, sort_by="name", sort_order="desc")).json()
    assert listed["message"] == "Contacts retrieved successfully."
    assert wanted in listed["data"]


async def test_who_is_not_known_is_not_found_and_what_is_no_query_is_refused(stage: Stage) -> None:
    absent = await get(stage, "contacts/get", chat_id="447700900999")
    assert (absent.status_code, absent.json()["message"]) == (404, "Contact not found.")
    for query, field in (
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"offset": -1}, "offset"),
        ({"sort_by": "age"}, "sort_by"),
        ({"sort_order": "up"}, "sort_order"),
    ):
        refused = await get(stage, "contacts/get-all", **query)
        assert (refused.status_code, list(refused.json()["errors"])) == (422, [field])
    for chat_id in ("", "nobody", "120363@g.us"):
        refused = await get(stage, "contacts/get", chat_id=chat_id)
        assert (refused.status_code, list(refused.json()["errors"])) == (422, ["chat_id"])


async def test_a_number_is_checked_and_corrected(stage: Stage) -> None:
    await stage.control.add_contact(
        NewContact("+5511987654399", "Bruna", registered_as="+551187654399", delivered_after=0.0)
    )
    found = (await get(stage, "check-exists", chat_id="5511987654399")).json()["data"]
    lid = (await stage.control.contact("+5511987654399")).lid
    assert found == {"exists": True, "id": "551187654399@c.us", "lid": f"{lid}@lid"}
    nobody = (await get(stage, "check-exists", chat_id="447700900998")).json()["data"]
    assert nobody == {"exists": False, "id": None, "lid": None}


async def test_a_lid_that_nobody_has_does_not_exist_and_is_not_written_to(stage: Stage) -> None:
    absent, someone = "11111111111111@lid", "+447700900395"
    for _ in range(2):
        found = (await get(stage, "check-exists", chat_id=absent)).json()["data"]
        assert found == {"exists": False, "id": None, "lid": None}
    await stage.control.add_contact(NewContact(someone, "Someone", delivered_after=0.0))
    lid = f"{(await stage.control.contact(someone)).lid}@lid"
    found = (await get(stage, "check-exists", chat_id=lid)).json()["data"]
    assert (found["exists"], found["lid"]) == (True, lid)
    sent = await done(stage, "POST", "send-text", json={"chatId": absent, "text": "anybody?"})
    assert (sent["response_status"], sent["error"]["code"]) == (404, "not_on_whatsapp"), sent
    assert sent["response_body"]["errors"]["jid"] == absent


async def test_who_is_not_there_is_asked_about_once_and_found_by_a_send_that_comes_later(
    stage: Stage,
) -> None:
    late = "447700900396"

    began = (await stage.control.log(1))[-1].at

    async def questions() -> int:
        lines = [one for one in await stage.control.log(2000) if one.at > began and one.way == "in"]
        return len([one for one in lines if "xmlns='usync'" in one.what])

    for _ in range(3):
        found = (await get(stage, "check-exists", chat_id=late)).json()["data"]
        assert found["exists"] is False
    assert await questions() == 1
    await stage.control.add_contact(NewContact(f"+{late}", "Late", delivered_after=0.0))
    sent = await done(stage, "POST", "send-text", json={"chatId": late, "text": "there you are"})
    assert sent["response_status"] == 201, sent
    assert (await get(stage, "check-exists", chat_id=late)).json()["data"]["exists"] is True


async def test_who_is_blocked_is_listed_and_not_heard_until_unblocked(stage: Stage) -> None:
    bob = "+447700900397"
    await stage.control.add_contact(NewContact(bob, "Bob", delivered_after=0.0))
    assert (await (await stage.client.block(bob)).wait()).result.result is True
    assert [one.id for one in (await stage.client.blocked()).data] == [f"{bob[1:]}@c.us"]
    assert (await stage.control.phone_state(f"+{PHONE}")).blocked == [bob]
    assert (await stage.control.send(bob, Send(to=f"+{PHONE}", text="hello?"))).devices == 0
    await (await stage.client.unblock(bob)).wait()
    assert (await stage.client.blocked()).data == []


async def test_the_profile_that_is_set_is_the_phone_s_too(stage: Stage) -> None:
    async def named(name: str) -> Any:
        return await until(
            lambda: stage.status(stage.instance, "WORKING"), lambda body: body["push_name"] == name
        )

    await stage.control.add_phone(f"+{PHONE}", "Stage")
    # whatsmeow takes both in at once otherwise, and makes a change out of half of each.
    await named("Stage")
    await (await stage.client.profile_name("Stage door")).wait()
    await (await stage.client.profile_status("open")).wait()
    shown = await stage.control.phone_state(f"+{PHONE}")
    assert (shown.name, shown.about) == ("Stage door", "open")
    assert (await named("Stage door"))["jid"]


async def test_a_picture_is_found_where_there_is_one(stage: Stage) -> None:
    nothing = (await get(stage, "contacts/profile-picture", chat_id=CONTACT)).json()["data"]
    assert nothing == {"id": None, "url": None}
    await stage.control.set_profile(ADA, ContactProfile(picture=b"\xff\xd8\xff and more"))
    found = (await get(stage, "contacts/profile-picture", chat_id=CONTACT)).json()["data"]
    assert found["url"].startswith("https://")


async def test_presence_is_shown_and_told_as_events(stage: Stage) -> None:
    await stage.control.add_phone(f"+{PHONE}", "Stage")
    before = len(await stage.control.seen(ADA))
    request = await done(stage, "POST", "presence", json={"presence": "available"})
    assert request["response_body"] == {"result": True}, request
    await done(stage, "POST", "presence-subscribe", json={"chatId": CONTACT})
    seen = await stage.control.seen(ADA)
    assert [one.state for one in seen[before:]] == ["available"]
    await stage.control.does(ADA, "available")
    await stage.control.does(ADA, "recording", f"+{PHONE}")
    told = await presences(stage, {"offline", "online", "recording"})
    assert {one["id"] for one in told} == {f"{CONTACT}@c.us"}
    await done(stage, "POST", "presence", json={"presence": "unavailable"})
    assert [one.state for one in await stage.control.seen(ADA)][-1] == "unavailable"


@pytest.mark.parametrize(
    ("method", "path", "body", "field"),
    [
        ("POST", "presence", {"presence": "away"}, "presence"),
        ("POST", "presence-subscribe", {}, "chatId"),
        ("POST", "presence-subscribe", {"chatId": "120363@g.us"}, "chatId"),
        ("POST", "block", {"chatId": "nobody"}, "chatId"),
        ("POST", "unblock", {"chatId": None}, "chatId"),
        ("PUT", "profile-name", {"name": ""}, "name"),
        ("PUT", "profile-name", {"name": "x" * 26}, "name"),
        ("PUT", "profile-status", {"status": "x" * 140}, "status"),
        ("PUT", "profile-picture", {}, "url"),
        ("PUT", "star-message", {"messageId": "3EB0AA"}, "star"),
        ("PUT", "star-message", {"messageId": "no id", "star": True}, "messageId"),
    ],
)
async def test_what_is_wrong_is_refused_at_its_field(
    stage: Stage, method: str, path: str, body: dict[str, Any], field: str
) -> None:
    answer = await stage.http.request(
        method, f"{stage.instance.base}/{path}", headers=stage.instance.headers, json=body
    )
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


async def test_a_star_is_refused_with_the_reason(stage: Stage) -> None:
    answer = await stage.http.put(
        f"{stage.instance.base}/star-message",
        headers=stage.instance.headers,
        json={"messageId": "3EB0AA", "star": True},
    )
    assert answer.status_code == 501
    assert "neonize" in answer.json()["message"]
