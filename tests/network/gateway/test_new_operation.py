"""An operation is one description: nothing else has to know of it for it to be offered, documented and done.

The one here is made in this file and handed to a gateway beside the others.
"""

from collections.abc import AsyncIterator
from typing import Annotated

import msgspec
import pytest
import pytest_asyncio
from msgspec import Meta

from waypost.address import parse_chat_id
from waypost.engine.port import Content
from waypost.operations import WRITES
from waypost.operations.fields import ChatId, ReplyTo, checked_reply
from waypost.operations.one_message import OneMessage, Staged, Stored
from waypost.operations.shapes import MessageResult
from waypost.testing.gateway_stage import CONTACT, Stage, gateway_stage, until

pytestmark = pytest.mark.asyncio(loop_scope="module")


class Fields(msgspec.Struct, frozen=True, kw_only=True):
    chatId: ChatId
    title: Annotated[str, Meta(description="What the group is called.", min_length=1)]
    code: str
    reply_to: ReplyTo = None


class Payload(Stored, frozen=True, kw_only=True):
    title: str
    code: str


class Invite(msgspec.Struct, frozen=True, kw_only=True):
    groupName: str


class InviteContent(msgspec.Struct, frozen=True, kw_only=True):
    groupInviteMessage: Invite


class InviteResult(MessageResult, frozen=True, kw_only=True):
    message: InviteContent


def accept(fields: Fields) -> Payload:
    chat, reply_to = str(parse_chat_id(fields.chatId)), checked_reply(fields.reply_to)
    return Payload(chat=chat, reply_to=reply_to, title=fields.title, code=fields.code)


def content(payload: Payload, staged: Staged) -> Content:
    name = "groupNaem" if payload.code == "misspelt" else "groupName"
    return {"groupInviteMessage": {"groupJID": "1203@g.us", "inviteCode": payload.code, name: payload.title}}


def shown(payload: Payload, staged: Staged) -> InviteContent:
    return InviteContent(groupInviteMessage=Invite(groupName=payload.title))


SEND_INVITE = OneMessage(
    name="send-invite",
    summary="Invite to a group",
    fields=Fields,
    payload=Payload,
    result=InviteResult,
    accept=accept,
    content=content,
    shown=shown,
).write()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stage(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Stage]:
    async with gateway_stage(tmp_path_factory.mktemp("new"), writes=[*WRITES, SEND_INVITE]) as here:
        yield here


async def test_it_is_in_the_document_with_its_fields_and_its_result(stage: Stage) -> None:
    document = (await stage.http.get("/docs/openapi.json")).json()
    operation = document["paths"]["/api/whatsapp/v2/{instance}/send-invite"]["post"]
    schemas = document["components"]["schemas"]
    assert operation["summary"] == "Invite to a group"
    body = operation["requestBody"]["content"]["application/json"]["schema"]["$ref"].rsplit("/", 1)[1]
    assert schemas[body]["required"] == ["chatId", "title", "code"]
    result = operation["x-response-body"]["$ref"].rsplit("/", 1)[1]
    assert set(schemas[result]["properties"]) == {"key", "message", "messageTimestamp", "status", "warnings"}
    assert operation["x-response-body"] in schemas["QueuedRequest"]["properties"]["response_body"]["anyOf"]


async def test_it_is_on_its_route_and_arrives_with_its_quote(stage: Stage) -> None:
    path, headers = f"{stage.instance.base}/send-invite", stage.instance.headers
    wrong = await stage.http.post(path, headers=headers, json={"chatId": CONTACT, "title": "x"})
    assert (wrong.status_code, list(wrong.json()["errors"])) == (422, ["code"])
    whole = f"false_{CONTACT}@c.us_3EB0444444444444444444"
    body = {"chatId": CONTACT, "title": "Baking", "code": "AbC", "reply_to": whole}
    request = await stage.finished(await stage.http.post(path, headers=headers, json=body))
    assert (request["response_status"], request["endpoint"]) == (201, "send-invite")
    assert request["response_body"]["message"] == {"groupInviteMessage": {"groupName": "Baking"}}

    async def arrived() -> dict[str, object]:
        inbox = await stage.inbox()
        return inbox.messages[-1].fields if inbox.messages else {}

    found = await until(arrived, lambda seen: "28" in seen)  # GroupInviteMessage
    assert (found["28"]["1"], found["28"]["2"], found["28"]["4"]) == ("1203@g.us", "AbC", "Baking")
    assert found["28"]["7"]["1"] == "3EB0444444444444444444"


async def test_a_message_that_is_none_ends_as_a_defect_and_the_line_goes_on(stage: Stage) -> None:
    path, headers = f"{stage.instance.base}/send-invite", stage.instance.headers
    misspelt = {"chatId": CONTACT, "title": "x", "code": "misspelt"}
    answers = [
        await stage.http.post(path, headers=headers, json=body)
        for body in (misspelt, {**misspelt, "code": "right"})
    ]
    failed, sent = [await stage.finished(answer) for answer in answers]
    assert (failed["error"]["code"], failed["response_status"]) == ("content_invalid", 500)
    assert "GroupInviteMessage has no field groupNaem." in failed["error"]["message"]
    assert sent["status"] == "sent"
