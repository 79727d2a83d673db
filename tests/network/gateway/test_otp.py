"""One-time codes, from the call to the phone and back."""

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def otp(stage: Stage, call: str, **fields: Any) -> Any:
    path = f"/api/otp/v2/{stage.instance.id}/{call}"
    return await stage.http.post(path, headers=stage.instance.headers, json=fields)


async def texts(stage: Stage) -> list[str]:
    return [one.text or "" for one in (await stage.control.inbox(f"+{CONTACT}")).messages]


async def test_a_code_reaches_the_phone_and_works_once(stage: Stage) -> None:
    chat = f"{CONTACT}@c.us"
    asked = await otp(stage, "request-code", chatId=chat, length=8, useLetter=True, name="Shop", expires=120)
    assert asked.status_code == 200
    body = asked.json()
    assert set(body) == {"success", "message", "data"}
    data = body["data"]
    assert set(data) == {"uuid", "chat_id", "code", "status", "otp_type", "expires_at", "created_at"}
    assert (data["chat_id"], data["status"], data["otp_type"]) == (chat, "pending", "code")
    assert re.fullmatch(r"[a-z0-9]{8}", data["code"])

    seen = await until(lambda: texts(stage), lambda found: any(data["code"] in one for one in found))
    (text,) = [one for one in seen if data["code"] in one]
    assert "Shop" in text
    assert "2 minutes" in text

    # Another spelling of the number is the same chat.
    right = await otp(stage, "validate-code", chatId=f"+{CONTACT}", code=f" {data['code']} ")
    assert right.status_code == 200
    assert right.json()["data"]["status"] == "validated"
    assert right.json()["data"]["uuid"] == data["uuid"]
    assert set(right.json()["data"]) == {"uuid", "chat_id", "status", "validated_at"}
    again = await otp(stage, "validate-code", chatId=chat, code=data["code"])
    assert (again.status_code, again.json()["error"]["code"]) == (422, "otp_used")
    assert set(again.json()["errors"]) == {"code"}


async def test_a_code_is_worth_nothing_after_five_wrong_tries_or_after_a_newer_one(stage: Stage) -> None:
    chat = "447700900199"
    absent = await otp(stage, "validate-code", chatId=chat, code="123456")
    assert absent.json()["error"]["code"] == "otp_none"
    older = (await otp(stage, "request-code", chatId=chat, length=10)).json()["data"]["code"]
    newer = (await otp(stage, "request-code", chatId=chat, length=10)).json()["data"]["code"]
    left = []
    for code in (older, "x", "", newer[:-1], newer + "0"):
        answer = (await otp(stage, "validate-code", chatId=chat, code=code or "y")).json()
        left.append(answer["error"].get("attempts_left"))
    assert left == [4, 3, 2, 1, None]
    spent = await otp(stage, "validate-code", chatId=chat, code=newer)
    assert (spent.status_code, spent.json()["error"]["code"]) == (422, "otp_spent")


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({}, {"chatId"}),
        ({"chatId": CONTACT, "length": 3}, {"length"}),
        ({"chatId": CONTACT, "length": 11}, {"length"}),
        ({"chatId": CONTACT, "expires": 59}, {"expires"}),
        ({"chatId": CONTACT, "expires": 1801}, {"expires"}),
        ({"chatId": CONTACT, "useNumber": False}, {"useNumber"}),
    ],
)
async def test_what_can_be_no_code_is_refused_at_its_field(
    stage: Stage, fields: dict[str, Any], wrong: set[str]
) -> None:
    answer = await otp(stage, "request-code", **fields)
    assert (answer.status_code, set(answer.json()["errors"])) == (422, wrong)


async def test_a_link_opens_whatsapp_at_the_instance_with_the_code(stage: Stage) -> None:
    asked = await otp(stage, "generate-link", chatId=CONTACT, name="Shop", message={"prompt": "Hello {name}"})
    assert asked.status_code == 200, asked.text
    data = asked.json()["data"]
    assert data["otp_type"] == "link"
    link = urlsplit(data["whatsapp_link"])
    assert (link.netloc, link.path) == ("wa.me", f"/{PHONE}")
    assert parse_qs(link.query) == {"text": [f"Hello Shop [{data['code']}]"]}


@pytest.mark.parametrize(
    ("fields", "wrong"),
    [
        ({"expires": 3601}, {"expires"}),
        ({"chatId": "120363041234567890@g.us"}, {"chatId"}),
        ({"callback": {"success": "ftp://x.test"}}, {"callback.success"}),
        ({"message": {"success": "go to {link}"}}, {"callback.success"}),
    ],
)
async def test_what_can_be_no_link_is_refused_at_its_field(
    stage: Stage, fields: dict[str, Any], wrong: set[str]
) -> None:
    answer = await otp(stage, "generate-link", **fields)
    assert (answer.status_code, set(answer.json()["errors"])) == (422, wrong)
