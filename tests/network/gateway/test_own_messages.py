"""What is told of messages that a call of the API has sent."""

from pathlib import Path

import httpx
import pytest
from tests.network.gateway.told import Journal

from waypost.sandbox.views import NewContact
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")

BLIP = (Path(__file__).parents[2] / "audio" / "blip.wav").read_bytes()
US, THEM = f"{PHONE}@c.us", f"{CONTACT}@c.us"


@pytest.fixture
def journal(stage: Stage, stage_folder: Path) -> Journal:
    return Journal(stage_folder, stage.instance.id)


async def test_a_note_of_ours_is_told_once_with_the_file_that_left(stage: Stage, journal: Journal) -> None:
    request = await stage.finished(await stage.send_voice(BLIP, caption="listen"))
    key, caption = request["response_body"]["key"]["id"], request["response_body"]["caption_message"]["key"]
    told = await journal.one("message.any", lambda one: key in one["id"])
    assert told["id"] == f"true_{THEM}_{key}"
    assert (told["from"], told["to"], told["fromMe"], told["source"]) == (US, THEM, True, "api")
    assert (told["type"], told["hasMedia"], told["ack"], told["ackName"]) == ("voice", True, 1, "SERVER")
    media, audio = told["media"], told["_data"]["message"]["audioMessage"]
    assert (media["mimetype"], media["filename"], media["error"]) == ("audio/ogg; codecs=opus", None, None)
    assert (media["seconds"], media["waveform"]) == (audio["seconds"], audio["waveform"])
    async with httpx.AsyncClient(trust_env=False) as anybody:
        file = (await anybody.get(media["url"])).content
    assert (len(file), str(len(file))) == (media["size"], audio["fileLength"])
    assert file.startswith(b"OggS")
    behind = await journal.one("message.any", lambda one: caption["id"] in one["id"])
    assert (behind["body"], behind["replyTo"]["id"]) == ("listen", key)
    assert sum(key in one["id"] for one in journal.all("message.any")) == 1
    query = {"chatId": THEM, "messageId": told["id"]}
    path = f"{stage.instance.base}/messages/download"
    found = await stage.http.get(path, headers=stage.instance.headers, params=query)
    assert found.json()["data"]["size"] == media["size"], found.text


async def test_the_file_of_a_forwarded_message_is_told_with_it(stage: Stage, journal: Journal) -> None:
    request = await stage.finished(await stage.send_voice(BLIP))
    key = request["response_body"]["key"]["id"]
    answer = await stage.http.post(
        f"{stage.instance.base}/forward-message",
        headers=stage.instance.headers,
        json={"chatId": THEM, "messageId": key},
    )
    on = (await stage.finished(answer))["response_body"]["key"]["id"]
    told = await journal.one("message.any", lambda one: on in one["id"])
    assert (told["type"], told["media"]["error"]) == ("voice", None)
    assert told["media"]["url"]


async def test_the_server_s_ack_is_told_behind_the_message_and_before_its_receipts(
    stage: Stage, journal: Journal
) -> None:
    # At once it may overtake the server's ack, and is told before it then.
    slow = "447700900183"
    await stage.control.add_contact(NewContact(f"+{slow}", "Slow", delivered_after=1.0, read_after=1.1))
    body = {"chatId": f"{slow}@c.us", "text": "how far?"}
    answer = await stage.http.post(
        f"{stage.instance.base}/send-text", headers=stage.instance.headers, json=body
    )
    key = (await stage.finished(answer))["response_body"]["key"]["id"]
    await journal.one("message.ack", lambda one: key in one["id"] and one["ack"] == 3)
    (first, *_) = [one for one in journal.all("message.ack") if key in one["id"]]
    assert first == {
        "id": f"true_{slow}@c.us_{key}",
        "from": US,
        "to": f"{slow}@c.us",
        "participant": None,
        "fromMe": True,
        "ack": 1,
        "ackName": "SERVER",
    }
