"""`reply_to`: whose message it may name, by which id, in a chat by which address."""

from pathlib import Path
from typing import Any

import pytest
from tests.network.gateway.told import Journal

from waypost.sandbox.views import Attachment, InboxMessage, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

NUMBER = f"{CONTACT}@c.us"


@pytest.fixture
def journal(stage: Stage, stage_folder: Path) -> Journal:
    return Journal(stage_folder, stage.instance.id)


async def said(stage: Stage, **fields: Any) -> tuple[dict[str, Any], InboxMessage]:
    """The result of send-text, and what the contact received."""
    path = f"{stage.instance.base}/send-text"
    answer = await stage.http.post(path, headers=stage.instance.headers, json=fields)
    request = await stage.finished(answer)
    assert request["response_status"] == 201, request
    result: dict[str, Any] = request["response_body"]

    async def look() -> InboxMessage | None:
        inbox = await stage.inbox()
        return next((one for one in inbox.messages if one.id == result["key"]["id"]), None)

    found: InboxMessage = await until(look, lambda one: one is not None)
    return result, found


async def lid_of(stage: Stage) -> str:
    return f"{(await stage.control.contact(f'+{CONTACT}')).lid}@lid"


@pytest.mark.parametrize("chat", ["number", "lid"])
@pytest.mark.parametrize("id", ["short", "whole"])
@pytest.mark.parametrize("author", ["theirs", "ours"])
async def test_the_answer_quotes_who_said_what(
    stage: Stage, journal: Journal, chat: str, id: str, author: str
) -> None:
    words = f"Which one? {chat} {id} {author}"
    if author == "theirs":
        sent = (await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", text=words))).id
    else:
        sent = (await said(stage, chatId=NUMBER, text=words))[0]["key"]["id"]
    told = await journal.one("message.any", lambda one: sent in one["id"])
    reply_to = told["id"] if id == "whole" else sent
    to = NUMBER if chat == "number" else await lid_of(stage)
    result, got = await said(stage, chatId=to, text="That one.", reply_to=reply_to)
    assert "warnings" not in result
    assert (got.quoted_id, got.quoted_text) == (sent, words)
    people = {
        "theirs": {f"{CONTACT}@s.whatsapp.net", await lid_of(stage)},
        "ours": {f"{PHONE}@s.whatsapp.net", f"{(await stage.control.phone(f'+{PHONE}')).lid}@lid"},
    }
    assert got.fields["extended_text"]["context_info"]["participant"] in people[author]


async def test_an_answer_to_a_picture_carries_its_caption(stage: Stage, journal: Journal) -> None:
    image = Attachment(kind="image", data=b"\xff\xd8\xff", caption="the oven", mimetype="image/jpeg")
    sent = await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", file=image))
    await journal.one("message.any", lambda one: sent.id in one["id"])
    _, got = await said(stage, chatId=NUMBER, text="Nice.", reply_to=sent.id)
    assert (got.quoted_id, got.quoted_text) == (sent.id, "the oven")


async def test_who_writes_by_a_lid_is_answered_by_the_address_of_the_event(
    stage: Stage, journal: Journal
) -> None:
    sent = await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", text="Who is there?"))
    told = await journal.one("message.any", lambda one: sent.id in one["id"])
    assert (told["fromNumber"], told["fromLid"]) == (NUMBER, await lid_of(stage))
    for address in ("from", "fromNumber", "fromLid"):
        _, got = await said(stage, chatId=told[address], text="We are.", reply_to=told["id"])
        assert got.quoted_id == sent.id
