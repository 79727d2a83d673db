"""Polls, edits, messages that are passed on or marked as read: from the call to what the contact sees."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from msgspec import UnsetType
from tests.network.gateway.test_messages import CHAT, JID, failed, post, put, sent, text
from tests.pictures import jpeg

from waypost.sandbox.views import InboxMessage, NewContact, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

Json = dict[str, Any]
FRIEND = "447700900177"
BLIP = Path(__file__).parents[2] / "audio" / "blip.wav"


async def write(stage: Stage, contact: str = CONTACT, **what: Any) -> str:
    return (await stage.control.send(f"+{contact}", Send(f"+{PHONE}", **what))).id


@pytest.mark.parametrize(
    ("several", "part", "count"), [(True, "pollCreationMessage", 0), (False, "pollCreationMessageV3", 1)]
)
async def test_a_poll_arrives_with_its_options(stage: Stage, several: bool, part: str, count: int) -> None:
    poll = {"name": "Lunch?", "options": ["Soup", "Salad", " Nothing "], "multipleAnswers": several}
    result, got = await sent(stage, await post(stage, "send-poll", poll=poll))
    told = result["message"][part]
    assert told["name"] == "Lunch?"
    assert [one["optionName"] for one in told["options"]] == ["Soup", "Salad", "Nothing"]
    assert told["selectableOptionsCount"] == count
    assert got.type == "poll"
    assert got.text == "Lunch?"


@pytest.mark.parametrize(
    ("poll", "field"),
    [
        ({"name": "?", "options": ["one"]}, "poll"),
        ({"name": "?", "options": [str(one) for one in range(13)]}, "poll"),
        ({"name": "", "options": ["a", "b"]}, "poll"),
        ({"name": "?", "options": ["a", " a"]}, "poll.options"),
        ({"options": ["a", "b"]}, "poll"),
        (None, "poll"),
    ],
)
async def test_a_poll_that_is_none_is_refused_at_its_field(stage: Stage, poll: Any, field: str) -> None:
    answer = await post(stage, "send-poll", poll=poll)
    assert answer.status_code == 422
    assert field in answer.json()["errors"]


async def test_a_text_of_ours_is_edited(stage: Stage) -> None:
    id = await text(stage, "the meeting is at nien")
    answer = await put(stage, "edit-message", chatId=CHAT, messageId=id, text="the meeting is at nine")
    result, got = await sent(stage, answer)
    edit = result["message"]["protocolMessage"]
    assert (edit["type"], edit["key"]["id"]) == ("MESSAGE_EDIT", id)
    assert edit["editedMessage"] == {"conversation": "the meeting is at nine"}
    assert got.type == "protocol"
    page = await stage.http.get(
        f"{stage.instance.base}/chats/messages", headers=stage.instance.headers, params={"chatId": CHAT}
    )
    found = next(one for one in page.json()["data"] if id in one["id"])
    assert found["body"] == "the meeting is at nine"
    assert found["editedAt"] is not None


async def test_who_is_named_in_a_caption_an_edit_or_a_preview_is_told(stage: Stage) -> None:
    named = {"mentions": [CONTACT]}
    picture = await stage.client.send_image(CONTACT, jpeg(64, 48), caption=f"@{CONTACT}", mentions=[CONTACT])
    sent_picture = await picture.wait()
    result, _ = await sent(stage, await post(stage, "send-text", text="who?"))
    edit = {"chatId": CHAT, "messageId": result["key"]["id"], "text": f"@{CONTACT}!"}
    edited, _ = await sent(stage, await put(stage, "edit-message", **edit, **named))
    assert edited["message"]["protocolMessage"]["editedMessage"] == {
        "extendedTextMessage": {"text": f"@{CONTACT}!", "contextInfo": {"mentionedJID": [JID]}}
    }
    link = {"preview_title": "T", "preview_description": "D", "preview_url": "https://x.example/"}
    text = f"@{CONTACT} see https://x.example/"
    await sent(stage, await post(stage, "send-link-custom-preview", text=text, **link, **named))
    note = await stage.client.send_voice(CONTACT, BLIP, caption=f"Hear, @{CONTACT}", mentions=[CONTACT])
    caption = (await note.wait()).result.caption_message
    assert not isinstance(caption, UnsetType)
    ids = {sent_picture.result.key.id, edited["key"]["id"], caption.key.id}

    async def look() -> list[InboxMessage]:
        inbox = await stage.inbox()
        return [one for one in inbox.messages if one.id in ids or (one.text or "").startswith(text)]

    found = await until(look, lambda some: len(some) == 4)
    # The edit names the chat as well, in the name of what it changes.
    assert [one.raw.count(JID.encode()) for one in found] == [1, 2, 1, 1]


async def test_what_others_wrote_can_not_be_edited(stage: Stage) -> None:
    id = await write(stage, text="mine")
    answer = await put(stage, "edit-message", chatId=CHAT, messageId=f"false_{CHAT}_{id}", text="yours")
    await failed(stage, answer, 422, "message_not_editable")


async def test_a_voice_note_is_passed_on_without_its_file_being_fetched(stage: Stage) -> None:
    await stage.control.add_contact(NewContact(f"+{FRIEND}", "Bea"))
    id = await write(stage, FRIEND, audio=b"OggS" + bytes(900), seconds=3)
    ref = f"false_{FRIEND}@c.us_{id}"

    async def known() -> bool:
        page = await stage.http.get(
            f"{stage.instance.base}/chats/messages",
            headers=stage.instance.headers,
            params={"chatId": f"{FRIEND}@c.us"},
        )
        return any(one["id"] == ref for one in page.json()["data"])

    await until(known, lambda found: found)
    result, got = await sent(stage, await post(stage, "forward-message", messageId=ref))
    note = result["message"]["audioMessage"]
    assert (note["seconds"], note["ptt"], note["fileLength"]) == (3, True, "904")
    assert note["contextInfo"] == {"isForwarded": True, "forwardingScore": 1}
    assert (got.type, got.media) == ("audio", "ok")


async def test_a_message_that_nobody_knows_is_not_passed_on(stage: Stage) -> None:
    await failed(
        stage, await post(stage, "forward-message", messageId="3EB0FFFFFFFF"), 404, "message_not_found"
    )


async def test_messages_of_a_chat_are_marked_as_read_once(stage: Stage) -> None:
    friend = "447700900178"
    await stage.control.add_contact(NewContact(f"+{friend}", "Cy"))
    ids = [await write(stage, friend, text=word) for word in ("one", "two", "three")]
    chat = f"{friend}@c.us"

    async def unread() -> int:
        chats = await stage.http.get(f"{stage.instance.base}/chats/get-all", headers=stage.instance.headers)
        return next((one["unreadCount"] for one in chats.json()["data"] if one["id"] == chat), 0)

    await until(unread, lambda count: count == 3)
    path, headers = f"{stage.instance.base}/read-chat", stage.instance.headers
    answer = await stage.http.post(f"{path}?messages=2&days=1", headers=headers, json={"chatId": chat})
    request = await stage.finished(answer)
    assert request["response_status"] == 200, request
    read = request["response_body"]["ids"]
    (left,) = set(ids) - set(read)
    for id in read:
        await until(partial(stage.control.sent, f"+{friend}", id), lambda one: one.status == "read")
    assert (await stage.control.sent(f"+{friend}", left)).status == "delivered"
    assert await unread() == 1
    seen = await stage.finished(
        await stage.http.post(f"{stage.instance.base}/send-seen", headers=headers, json={"chatId": chat})
    )
    assert (seen["response_status"], seen["response_body"]) == (200, {})
    await until(lambda: stage.control.sent(f"+{friend}", left), lambda one: one.status == "read")
    again = await stage.finished(await stage.http.post(path, headers=headers, json={"chatId": chat}))
    assert again["response_body"] == {"ids": []}


async def test_one_message_is_marked_as_read_by_its_id(stage: Stage) -> None:
    first, second = await write(stage, text="see me"), await write(stage, text="not me")
    request = await stage.finished(await post(stage, "send-seen", messageId=f"false_{CHAT}_{first}"))
    assert request["response_status"] == 200, request
    await until(lambda: stage.control.sent(f"+{CONTACT}", first), lambda one: one.status == "read")
    assert (await stage.control.sent(f"+{CONTACT}", second)).status != "read"
