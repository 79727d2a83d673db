"""Edits of contacts, in the clear and as newer phones seal them."""

from pathlib import Path
from typing import Any

import pytest
from tests.network.gateway.told import Journal

from waypost.sandbox.act_views import Edit
from waypost.sandbox.views import Attachment, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")

THEM = f"{CONTACT}@c.us"
PICTURE = b"\xff\xd8" + bytes(3000)


@pytest.fixture
def journal(stage: Stage, stage_folder: Path) -> Journal:
    return Journal(stage_folder, stage.instance.id)


async def write(stage: Stage, **what: Any) -> str:
    return (await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", **what))).id


async def kept(stage: Stage, id: str) -> dict[str, Any]:
    page = await stage.http.get(
        f"{stage.instance.base}/chats/messages", headers=stage.instance.headers, params={"chatId": THEM}
    )
    found: dict[str, Any] = next(one for one in page.json()["data"] if id in one["id"])
    return found


@pytest.mark.parametrize("sealed", [False, True], ids=["clear", "sealed"])
async def test_an_edited_text_is_told_and_kept(stage: Stage, journal: Journal, sealed: bool) -> None:
    first = await write(stage, text="at seven")
    answer = await write(stage, text="at nien", reply_to=first)
    edit = await write(stage, act=Edit(answer, "at nine", sealed))
    told = await journal.one("message.any", lambda one: edit in one["id"])
    assert (told["type"], told["body"]) == ("edit", "at nine")
    assert told["editedMessageId"] == f"false_{THEM}_{answer}"
    assert "sealed" not in told
    inside = told["_data"]["message"]["protocolMessage"]
    assert (inside["type"], inside["key"]["id"]) == ("MESSAGE_EDIT", answer)
    found = await kept(stage, answer)
    assert (found["body"], found["type"]) == ("at nine", "text")
    assert found["editedAt"] is not None


@pytest.mark.parametrize("sealed", [False, True], ids=["clear", "sealed"])
async def test_a_picture_keeps_its_file_when_its_caption_is_edited(
    stage: Stage, journal: Journal, sealed: bool
) -> None:
    image = Attachment(kind="image", data=PICTURE, caption="my gat", mimetype="image/jpeg")
    id = await write(stage, file=image)
    await journal.one("message.any", lambda one: id in one["id"])
    edit = await write(stage, act=Edit(id, "my cat", sealed))
    told = await journal.one("message.any", lambda one: edit in one["id"])
    assert (told["body"], told["hasMedia"]) == ("my cat", False)
    found = await kept(stage, id)
    assert (found["body"], found["type"], found["hasMedia"]) == ("my cat", "image", True)
    assert (await stage.http.get(found["media"]["url"])).content == PICTURE
    last = (await stage.inbox()).last
    answer = await stage.http.post(
        f"{stage.instance.base}/forward-message",
        headers=stage.instance.headers,
        json={"chatId": THEM, "messageId": id},
    )
    assert (await stage.finished(answer))["status"] == "sent"
    passed_on = await stage.control.next_message(f"+{CONTACT}", after=last)
    assert passed_on.text == "my cat"
    assert await stage.control.media(f"+{CONTACT}", passed_on.seq) == PICTURE


async def test_an_edit_that_nobody_here_can_open_says_so(stage: Stage, journal: Journal) -> None:
    """Its original came before this gateway kept messages."""
    id = await write(stage, text="long ago")
    await journal.one("message.any", lambda one: id in one["id"])
    await journal.forget(id)
    edit = await write(stage, act=Edit(id, "not so long ago", sealed=True))
    told = await journal.one("message.any", lambda one: edit in one["id"])
    assert (told["type"], told["body"], told["sealed"]) == ("edit", "", True)
    assert told["editedMessageId"] == f"false_{THEM}_{id}"
    assert "encPayload" in told["_data"]["message"]["secretEncryptedMessage"]
