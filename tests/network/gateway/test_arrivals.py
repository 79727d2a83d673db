"""What contacts send to us, from their phone to the event that is told of it."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.network.gateway.told import Journal

from waypost.sandbox.act_views import AskPoll, Edit, GiveVote, HandCard, React, Revoke, ShowPlace
from waypost.sandbox.views import Attachment, NewFailure, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

US, THEM = f"{PHONE}@c.us", f"{CONTACT}@c.us"
Json = dict[str, Any]


@pytest.fixture
def journal(stage: Stage, stage_folder: Path) -> Journal:
    return Journal(stage_folder, stage.instance.id)


async def write(stage: Stage, **what: Any) -> str:
    sent = await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", **what))
    return sent.id


async def test_a_text_is_told_as_the_contract_has_it(stage: Stage, journal: Journal) -> None:
    first = await write(stage, text="Is anybody there?")
    told = await journal.one("message.any", lambda one: first in one["id"])
    data = told.pop("_data")
    assert told == {
        "id": f"false_{THEM}_{first}",
        "timestamp": told["timestamp"],
        "from": THEM,
        "fromNumber": THEM,
        "fromLid": told["fromLid"],
        "fromMe": False,
        "source": "app",
        "to": US,
        "toNumber": US,
        "toLid": told["toLid"],
        "participant": None,
        "pushName": "Ada",
        "body": "Is anybody there?",
        "type": "text",
        "hasMedia": False,
        "media": None,
        "ack": 2,
        "ackName": "DEVICE",
        "replyTo": None,
    }
    assert told["fromLid"].endswith("@lid")
    assert told["timestamp"] > 1_600_000_000
    assert data["message"] == {"conversation": "Is anybody there?"}
    assert data["key"]["id"] == first
    reply = await write(stage, text="Hello?", reply_to=first)
    told = await journal.one("message.any", lambda one: reply in one["id"])
    assert told["replyTo"] == {
        "id": first,
        "participant": told["replyTo"]["participant"],
        "body": "Is anybody there?",
    }


async def test_a_voice_note_is_told_with_its_file(stage: Stage, journal: Journal) -> None:
    waveform = bytes(range(64))
    id = await write(stage, audio=b"OggS" + bytes(5000), seconds=7, waveform=waveform)
    told = await journal.one("message.any", lambda one: id in one["id"])
    media = told["media"]
    assert (told["type"], told["hasMedia"]) == ("voice", True)
    assert (media["mimetype"], media["size"], media["error"]) == ("audio/ogg; codecs=opus", 5004, None)
    assert (media["seconds"], media["waveform"]) == (7, base64.b64encode(waveform).decode())
    async with httpx.AsyncClient(trust_env=False) as anybody:
        got = await anybody.get(media["url"])
        assert (got.status_code, got.content) == (200, b"OggS" + bytes(5000))
        assert got.headers["content-type"] == "audio/ogg; codecs=opus"
        assert got.headers["x-content-type-options"] == "nosniff"
        for wrong in (
            media["url"].replace("signature=", "signature=x"),
            media["url"].replace("expires=", "expires=9"),
            media["url"].partition("?")[0],
        ):
            refused = await anybody.get(wrong)
            assert refused.status_code == 404, wrong


async def test_a_text_behind_a_file_is_told_after_it(stage: Stage, journal: Journal) -> None:
    image = Attachment(kind="image", data=b"\xff\xd8" + bytes(900_000), caption="look", mimetype="image/jpeg")
    first = await write(stage, file=image)
    second = await write(stage, text="did you see it?")
    await journal.one("message.any", lambda one: second in one["id"])
    ids = [one["id"].split("_")[2] for one in journal.all("message.any")]
    assert ids.index(first) < ids.index(second)
    told = await journal.one("message.any", lambda one: first in one["id"])
    assert (told["type"], told["body"], told["media"]["error"]) == ("image", "look", None)


async def test_acks_of_ours_are_told(stage: Stage, journal: Journal) -> None:
    answer = await stage.http.post(
        f"{stage.instance.base}/send-text",
        headers=stage.instance.headers,
        json={"chatId": THEM, "text": "ack me"},
    )
    sent = (await stage.finished(answer))["response_body"]["key"]["id"]
    read = await journal.one("message.ack", lambda one: sent in one["id"] and one["ack"] == 3)
    assert read == {
        "id": f"true_{THEM}_{sent}",
        "from": US,
        "to": THEM,
        "participant": None,
        "fromMe": True,
        "ack": 3,
        "ackName": "READ",
    }
    own = await journal.one("message.any", lambda one: sent in one["id"])
    assert (own["fromMe"], own["source"], own["body"], own["to"]) == (True, "api", "ack me", THEM)


async def call(stage: Stage, operation: str, **fields: Any) -> Json:
    answer = await stage.http.post(
        f"{stage.instance.base}/{operation}",
        headers=stage.instance.headers,
        json={"chatId": THEM, **fields},
    )
    request = await stage.finished(answer)
    assert request["status"] == "sent", request
    body: Json = request["response_body"]
    return body


async def at_theirs(stage: Stage, id: str) -> None:
    """Wait until the contact has a message."""

    async def look() -> bool:
        return any(one.id == id for one in (await stage.inbox()).messages)

    await until(look, lambda found: found)


async def test_a_reaction_names_the_message_that_it_is_on(stage: Stage, journal: Journal) -> None:
    ours = (await call(stage, "send-text", text="react to me"))["key"]["id"]
    await at_theirs(stage, ours)
    id = await write(stage, act=React(ours, "👍"))
    told = await journal.one("message.reaction", lambda one: id in one["id"])
    assert told["reaction"] == {"text": "👍", "messageId": f"true_{THEM}_{ours}"}
    assert (told["from"], told["fromMe"], told["id"]) == (THEM, False, f"false_{THEM}_{id}")
    theirs = await write(stage, text="and now me")
    id = await write(stage, act=React(theirs, ""))
    told = await journal.one("message.reaction", lambda one: id in one["id"])
    assert told["reaction"] == {"text": "", "messageId": f"false_{THEM}_{theirs}"}


async def test_what_was_taken_back_is_told_with_what_it_said(stage: Stage, journal: Journal) -> None:
    theirs = await write(stage, text="a slip of the tongue")
    id = await write(stage, act=Revoke(theirs))
    told = await journal.one("message.revoked", lambda one: id in one["after"]["id"])
    assert told["revokedMessageId"] == f"false_{THEM}_{theirs}"
    assert told["before"]["body"] == "a slip of the tongue"
    assert told["before"]["id"] == f"false_{THEM}_{theirs}"
    assert told["after"]["message"]["protocolMessage"]["type"] == "REVOKE"


async def test_an_edit_is_told_and_kept(stage: Stage, journal: Journal) -> None:
    theirs = await write(stage, text="at nien")
    id = await write(stage, act=Edit(theirs, "at nine"))
    told = await journal.one("message.any", lambda one: id in one["id"])
    assert (told["type"], told["body"]) == ("edit", "at nine")
    assert told["editedMessageId"] == f"false_{THEM}_{theirs}"
    page = await stage.http.get(
        f"{stage.instance.base}/chats/messages", headers=stage.instance.headers, params={"chatId": THEM}
    )
    assert page.status_code == 200, page.text
    kept = next(one for one in page.json()["data"] if theirs in one["id"])
    assert (kept["body"], kept["type"]) == ("at nine", "text")


async def test_votes_on_a_poll_of_ours_are_opened(stage: Stage, journal: Journal) -> None:
    poll = {"name": "Lunch?", "options": ["Soup", "Salad", "Cake"], "multipleAnswers": True}
    ours = (await call(stage, "send-poll", poll=poll))["key"]["id"]
    await at_theirs(stage, ours)
    id = await write(stage, act=GiveVote(ours, ["Cake", "Soup"]))
    told = await journal.one("poll.vote", lambda one: id in one["vote"]["id"])
    assert told == {
        "vote": {
            "id": f"false_{THEM}_{id}",
            "to": US,
            "from": THEM,
            "fromMe": False,
            "participant": None,
            "selectedOptions": ["Soup", "Cake"],
            "timestamp": told["vote"]["timestamp"],
        },
        "poll": {
            "id": f"true_{THEM}_{ours}",
            "to": THEM,
            "from": US,
            "fromMe": True,
            "participant": None,
        },
    }
    assert told["vote"]["timestamp"] > 1_600_000_000_000
    id = await write(stage, act=GiveVote(ours, []))
    told = await journal.one("poll.vote", lambda one: id in one["vote"]["id"])
    assert told["vote"]["selectedOptions"] == []


async def test_a_vote_on_a_poll_of_theirs_is_opened(stage: Stage, journal: Journal) -> None:
    theirs = await write(stage, act=AskPoll("Tea?", ["yes", "no"], 1))
    asked = await journal.one("message.any", lambda one: theirs in one["id"])
    assert (asked["type"], asked["body"]) == ("poll", "Tea?")
    assert asked["poll"] == {"name": "Tea?", "options": ["yes", "no"], "multipleAnswers": False}
    id = await write(stage, act=GiveVote(theirs, ["yes"]))
    told = await journal.one("poll.vote", lambda one: id in one["vote"]["id"])
    assert told["vote"]["selectedOptions"] == ["yes"]
    assert (told["poll"]["id"], told["poll"]["fromMe"]) == (f"false_{THEM}_{theirs}", False)


async def test_places_and_cards_are_told_in_their_own_words(stage: Stage, journal: Journal) -> None:
    id = await write(stage, act=ShowPlace(52.5, 13.4, "Alexanderplatz"))
    told = await journal.one("message.any", lambda one: id in one["id"])
    assert told["type"] == "location"
    assert told["location"] == {"latitude": 52.5, "longitude": 13.4, "description": "Alexanderplatz"}
    id = await write(stage, act=ShowPlace(-1.5, 2.0, live=True))
    told = await journal.one("message.any", lambda one: id in one["id"])
    assert (told["type"], told["location"]["latitude"]) == ("live_location", -1.5)
    id = await write(stage, act=HandCard("Ada", "BEGIN:VCARD\nFN:Ada\nEND:VCARD"))
    told = await journal.one("message.any", lambda one: id in one["id"])
    assert (told["type"], told["body"]) == ("contact", "Ada")
    assert told["vCards"] == ["BEGIN:VCARD\nFN:Ada\nEND:VCARD"]


async def test_a_picture_that_may_be_seen_once_is_told_with_its_file(stage: Stage, journal: Journal) -> None:
    image = Attachment(kind="image", data=b"\xff\xd8\xff", mimetype="image/jpeg", view_once=True)
    id = await write(stage, file=image)
    told = await journal.one("message.any", lambda one: id in one["id"])
    assert (told["type"], told["media"]["error"], told["media"]["size"]) == ("image", None, 3)


async def test_a_file_that_is_gone_is_told_with_its_error(stage: Stage, journal: Journal) -> None:
    failure = await stage.control.fail(NewFailure("failing_media", code=404, direction="download"))
    try:
        document = Attachment(kind="document", data=b"x" * 50, mimetype="text/plain", filename="a b.txt")
        id = await write(stage, file=document)
        told = await journal.one("message.any", lambda one: id in one["id"])
    finally:
        await stage.control.end_failure(failure.id)
    assert told["media"]["error"] == "media_gone"
    assert (told["media"]["url"], told["media"]["filename"]) == (None, "a b.txt")
    answer = await stage.http.get(
        f"{stage.instance.base}/messages/download",
        headers=stage.instance.headers,
        params={"messageId": told["id"]},
    )
    media = answer.json()["data"]
    got = await stage.http.get(media["url"])
    assert (got.content, got.headers["content-disposition"]) == (
        b"x" * 50,
        "attachment; filename*=UTF-8''a%20b.txt",
    )


async def test_a_call_is_told_and_declined_where_the_instance_wants_that(
    stage: Stage, journal: Journal
) -> None:
    first = await stage.control.call(f"+{CONTACT}", f"+{PHONE}", video=True)
    told = await journal.one("call.offer", lambda one: one["id"] == first.id)
    assert (told["from"], told["isVideo"], told["isGroup"], told["rejected"]) == (THEM, True, False, False)
    choice = {"calls": {"reject": True, "text": "Please write instead."}}
    changed = await stage.http.patch(stage.instance.base, headers=stage.instance.headers, json=choice)
    assert changed.status_code == 200, changed.text
    assert changed.json()["calls"] == choice["calls"]
    second = await stage.control.call(f"+{CONTACT}", f"+{PHONE}")
    told = await journal.one("call.offer", lambda one: one["id"] == second.id)
    assert (told["isVideo"], told["rejected"]) == (False, True)

    async def declined() -> bool:
        lines = await stage.control.log(2000)
        return any(line.way == "in" and line.what.startswith("<call") for line in lines)

    await until(declined, lambda found: found)

    async def answered() -> bool:
        inbox = await stage.inbox()
        return any(one.text == "Please write instead." for one in inbox.messages)

    await until(answered, lambda found: found)
    await stage.http.patch(stage.instance.base, headers=stage.instance.headers, json={"calls": {}})
