"""What is told of messages that a call of the API has sent."""

import asyncio
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.network.gateway.told import Journal

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact
from waypost.testing.gateway_stage import BASE, CONTACT, PHONE, Stage, until
from waypost.testing.processes import Process, sandbox_and_gateway

BLIP = (Path(__file__).parents[2] / "audio" / "blip.wav").read_bytes()
US, THEM = f"{PHONE}@c.us", f"{CONTACT}@c.us"
ADA = "447700900561"


@pytest.fixture
def journal(stage: Stage, stage_folder: Path) -> Journal:
    return Journal(stage_folder, stage.instance.id)


@pytest.mark.asyncio(loop_scope="package")
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


@pytest.mark.asyncio(loop_scope="package")
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


@pytest.mark.asyncio(loop_scope="package")
async def test_the_server_s_ack_is_told_behind_the_message_and_before_its_receipts(
    stage: Stage, journal: Journal
) -> None:
    body = {"chatId": THEM, "text": "how far?"}
    answer = await stage.http.post(
        f"{stage.instance.base}/send-text", headers=stage.instance.headers, json=body
    )
    key = (await stage.finished(answer))["response_body"]["key"]["id"]
    await journal.one("message.ack", lambda one: key in one["id"] and one["ack"] == 3)
    (first, *_) = [one for one in journal.all("message.ack") if key in one["id"]]
    assert first == {
        "id": f"true_{THEM}_{key}",
        "from": US,
        "to": THEM,
        "participant": None,
        "fromMe": True,
        "ack": 1,
        "ackName": "SERVER",
    }


async def test_a_message_is_told_once_when_the_gateway_is_killed_between_its_end_and_the_telling(
    tmp_path: Path,
) -> None:
    pair = sandbox_and_gateway(tmp_path)
    gateway = pair.gateway
    mute = Process(gateway.name, gateway.arguments, gateway.ready_url, gateway.log, gateway.environment)
    mute.program = "waypost.testing.mute"
    try:
        await asyncio.gather(pair.sandbox.start(), mute.start())
        async with (
            SandboxClient(pair.control_url) as sandbox,
            httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=40) as http,
        ):
            await sandbox.add_contact(NewContact(f"+{ADA}", "Ada", delivered_after=None))
            path, headers, instance = await _paired(pair.admin_token, http, sandbox)
            waiting = {**headers, "Prefer": "wait=20"}
            fields, files = {"chatId": ADA, "caption": "and this"}, {"file": ("a.wav", BLIP)}
            sent = await http.post(f"{path}/send-voice", headers=waiting, data=fields, files=files)
            assert sent.json()["status"] == "sent", sent.text
            journal = Journal(tmp_path, instance)
            assert len(journal.all("queued_request.finished")) == 1
            assert journal.all("message.any") == []
            await mute.kill()
            await gateway.start()
            await journal.one("message.ack", lambda one: caption_of(sent) in one["id"])
            told = journal.all("message.any")
            ids = [sent.json()["response_body"]["key"]["id"], caption_of(sent)]
            assert [one["id"] for one in told] == [f"true_{ADA}@c.us_{id}" for id in ids]
            assert told[0]["media"]["url"]
            # Another start tells nothing anew.
            await gateway.kill()
            await gateway.start()
            text = await http.post(f"{path}/send-text", headers=waiting, json={"chatId": ADA, "text": "x"})
            last = text.json()["response_body"]["key"]["id"]
            await journal.one("message.any", lambda one: last in one["id"])
            assert len(journal.all("message.any")) == 3
    finally:
        await asyncio.gather(mute.stop(), gateway.stop())
        await pair.sandbox.stop()


def caption_of(answer: httpx.Response) -> str:
    return str(answer.json()["response_body"]["caption_message"]["key"]["id"])


async def _paired(
    admin_token: str, http: httpx.AsyncClient, sandbox: SandboxClient
) -> tuple[str, dict[str, str], str]:
    admin = {"Authorization": f"Bearer {admin_token}"}
    phone = "+447700900560"
    body = {"name": "mute", "phone": phone}
    made = (await http.post(f"{BASE}/create-instance", headers=admin, json=body)).json()
    await sandbox.add_phone(phone)
    await sandbox.scan(phone, made["qr_text"])
    path, headers = f"{BASE}/{made['id']}", {"Authorization": f"Bearer {made['access_token']}"}

    async def health() -> Any:
        return (await http.get(f"{path}/health", headers=headers)).json()["status"]

    await until(health, lambda state: state == "WORKING", 60.0)
    return path, headers, made["id"]
