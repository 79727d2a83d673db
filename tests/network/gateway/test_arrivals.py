"""What contacts send to us, from their phone to the event that is told of it."""

import base64
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.network.gateway.told import Journal

from waypost.sandbox.views import Attachment, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage

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
