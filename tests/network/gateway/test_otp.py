"""One-time codes, from the call to the phone and back."""

import re
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from waypost.address import Jid
from waypost.operations.text_sender import TextSender
from waypost.otp.codes import Drawing, Wanted
from waypost.testing.gateway_stage import CONTACT, PHONE, PairedInstance, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def otp(stage: Stage, call: str, **fields: Any) -> Any:
    path = f"/api/otp/v2/{stage.instance.id}/{call}"
    return await stage.http.post(path, headers=stage.instance.headers, json=fields)


async def texts(stage: Stage) -> list[str]:
    return [one.text or "" for one in (await stage.inbox()).messages]


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


async def test_a_code_stands_in_its_message_and_nowhere_else(stage: Stage, stage_folder: Path) -> None:
    asked = await otp(stage, "request-code", chatId=CONTACT, length=10, useLetter=True, name="Vault")
    code = asked.json()["data"]["code"]
    await until(lambda: texts(stage), lambda found: any(code in one for one in found))

    async def get(path: str, **query: Any) -> Any:
        headers = stage.instance.headers
        return await stage.http.get(f"{stage.instance.base}/{path}", headers=headers, params=query)

    async def request() -> Any:
        found = (await get("queued-requests", endpoint="request-code")).json()["data"]
        return next(one for one in found if one["request"]["name"] == "Vault")

    shown = await until(request, lambda one: one["message_status"] == "READ")
    assert shown["request"] == {
        "chatId": f"{CONTACT}@c.us",
        "length": 10,
        "useLetter": True,
        "useNumber": True,
        "allCapital": False,
        "name": "Vault",
        "expires": 1800,
    }
    said = "•••••••••• is your Vault code. It works once, within 30 minutes. Tell it to nobody."
    assert shown["response_body"]["message"] == {"extendedTextMessage": {"text": said}}
    messages = (await get("chats/messages", chatId=CONTACT)).json()["data"]
    assert said in [one["body"] for one in messages]
    kept = [one for one in (stage_folder / "gateway").rglob("*") if one.is_file()]
    assert [one for one in kept if b"Vault" in one.read_bytes()]
    assert [one.name for one in kept if code.encode() in one.read_bytes()] == []


async def test_a_code_that_could_not_leave_in_time_is_not_sent(stage: Stage) -> None:
    slow = await stage.pair("slow", "447700900191")
    clerk = TextSender(stage.gateway.outbox)
    wanted = Wanted(length=6, letters=False, numbers=True, capital=False, name="Late", expires=60)
    drawing = Drawing(uuid="0-late", wanted=wanted, expires_at=time.time())
    await clerk.send_code(slow.id, Jid.of_number(CONTACT), drawing)

    async def ended() -> Any:
        path = f"{slow.base}/queued-requests"
        return (await stage.http.get(path, headers=slow.headers)).json()["data"][0]

    request = await until(ended, lambda one: one["status"] == "failed")
    assert (request["response_status"], request["error"]["code"]) == (422, "otp_expired")
    assert set(request["response_body"]["errors"]) == {"code"}
    assert not [one for one in await texts(stage) if "Late" in one]


async def test_a_number_is_one_chat_with_its_ninth_digit_and_without(stage: Stage) -> None:
    code = (await otp(stage, "request-code", chatId="5511987654388")).json()["data"]["code"]
    right = await otp(stage, "validate-code", chatId="551187654388@c.us", code=code)
    assert (right.status_code, right.json()["data"]["chat_id"]) == (200, "551187654388@c.us")


async def test_a_link_of_an_account_that_lacks_the_ninth_digit_leads_to_that_account(stage: Stage) -> None:
    made = await stage.create("bruna", "5511987654377")
    await stage.control.add_phone("+551187654377")
    await stage.control.scan("+551187654377", made["qr_text"])
    shop = PairedInstance(id=made["id"], token=made["access_token"], phone="5511987654377")
    await stage.status(shop, "WORKING")
    asked = await stage.http.post(f"/api/otp/v2/{shop.id}/generate-link", headers=shop.headers, json={})
    assert urlsplit(asked.json()["data"]["whatsapp_link"]).path == "/551187654377"


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
