"""send-voice from the call to the recipient's ear: every answer and every note is a real one."""

import asyncio
import base64
import hashlib
import http.server
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from waypost.sandbox.views import InboxMessage, NewContact, Send
from waypost.sandbox.wire import media
from waypost.testing.gateway_stage import CONTACT, Stage, until
from waypost.voice.verify import verify

pytestmark = pytest.mark.asyncio(loop_scope="package")

AUDIO = Path(__file__).parents[2] / "audio"
FILES = sorted(path for path in AUDIO.iterdir() if path.suffix != ".md")
GREETING = (AUDIO / "greeting.mp3").read_bytes()


async def received(stage: Stage, request: dict[str, Any], contact: str = CONTACT) -> InboxMessage:
    """The inbox message of a finished request."""
    message_id = request["response_body"]["key"]["id"]

    async def look() -> InboxMessage | None:
        inbox = await stage.inbox(contact)
        return next((one for one in inbox.messages if one.id == message_id), None)

    found: InboxMessage = await until(look, lambda one: one is not None)
    return found


@pytest.fixture(scope="package")
def audio_url() -> Iterator[str]:
    """A web server with the recordings on loopback."""

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *arguments: Any) -> None:
            super().__init__(*arguments, directory=str(AUDIO))

        def log_message(self, format: str, *args: object) -> None:
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Quiet) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


async def test_every_recording_arrives_as_a_native_note(stage: Stage) -> None:
    queued = [await stage.client.send_voice(CONTACT, path) for path in FILES]
    for sent in await asyncio.gather(*(one.wait(20) for one in queued)):
        message = await received(stage, sent.request)
        note = await stage.control.media(f"+{CONTACT}", message.seq)
        verify(note)  # raises, and says why, for any packet that a phone would not have recorded
        assert message.audio is not None
        assert message.audio.ptt
        assert len(message.audio.waveform) == 64


async def test_the_returned_media_key_opens_the_file_whose_hash_was_returned(stage: Stage) -> None:
    sent = await (await stage.client.send_voice(CONTACT, GREETING)).wait(20)
    audio = sent.result.message.audioMessage
    message = await received(stage, sent.request)
    note = await stage.control.media(f"+{CONTACT}", message.seq)
    assert hashlib.sha256(note).digest() == audio.fileSha256
    assert str(len(note)) == audio.fileLength
    assert message.audio is not None
    assert message.audio.seconds == audio.seconds
    assert message.audio.waveform == audio.waveform
    stored = await asyncio.to_thread(
        stage.sandbox.network.media.read, audio.directPath.split("/v/")[1].split("?")[0]
    )
    assert stored is not None
    assert hashlib.sha256(stored).digest() == audio.fileEncSha256
    assert media.decrypt(stored, media.MediaKind.AUDIO, audio.mediaKey) == note


async def test_url_json_base64_form_and_multipart_all_arrive(stage: Stage, audio_url: str) -> None:
    encoded = base64.b64encode((AUDIO / "blip.wav").read_bytes()).decode()
    form = {"chatId": CONTACT, "file": encoded}
    answers = [
        await stage.send_voice(url=f"{audio_url}/blip.wav"),
        await stage.send_voice(file=encoded),
        await stage.send_voice(file=f"data:audio/wav;base64,{encoded}"),
        await stage.http.post(f"{stage.instance.base}/send-voice", headers=stage.instance.headers, data=form),
        await stage.send_voice((AUDIO / "blip.wav").read_bytes(), url=""),
    ]
    for answer in answers:
        assert (await stage.finished(answer))["response_status"] == 201


async def test_a_caption_is_left_out_where_the_instance_says_so(stage: Stage) -> None:
    who = stage.instance
    changed = await stage.http.patch(who.base, headers=who.headers, json={"caption_as_text": False})
    assert changed.json()["caption_as_text"] is False
    try:
        request = await stage.finished(await stage.send_voice(GREETING, caption="unheard"))
    finally:
        await stage.http.patch(who.base, headers=who.headers, json={"caption_as_text": True})
    assert request["status"] == "sent"
    assert "caption_message" not in request["response_body"]
    note = await received(stage, request)
    later = await stage.finished(await stage.send_voice(GREETING))
    following = await stage.control.inbox(f"+{CONTACT}", note.seq, 0)
    assert following.messages[0].id == later["response_body"]["key"]["id"]


async def test_a_caption_follows_its_note_and_quotes_it(stage: Stage) -> None:
    first = await stage.finished(await stage.send_voice(GREETING))
    replied = first["response_body"]["key"]["id"]
    request = await stage.finished(await stage.send_voice(GREETING, caption="At the door.", reply_to=replied))
    note = await received(stage, request)
    assert note.quoted_id == replied
    caption = request["response_body"]["caption_message"]
    inbox = (await stage.control.inbox(f"+{CONTACT}", note.seq, 10)).messages
    assert (inbox[0].id, inbox[0].text) == (caption["key"]["id"], "At the door.")
    assert inbox[0].quoted_id == note.id


async def test_a_reply_to_what_a_contact_wrote_carries_its_words(stage: Stage) -> None:
    wrote = await stage.control.send(f"+{CONTACT}", Send(to=f"+{stage.instance.phone}", text="Where is it?"))

    async def reply() -> dict[str, Any]:
        return await stage.finished(await stage.send_voice(GREETING, reply_to=wrote.id))

    request = await until(reply, lambda one: "warnings" not in one["response_body"])
    note = await received(stage, request)
    assert (note.quoted_id, note.quoted_text) == (wrote.id, "Where is it?")


async def test_replies_to_unknown_messages_quote_by_id_or_say_so(stage: Stage) -> None:
    short = await stage.finished(await stage.send_voice(GREETING, reply_to="3EB0000000000000000000"))
    assert short["response_body"]["warnings"] == ["reply_not_found"]
    serialized = f"false_{CONTACT}@c.us_3EB0111111111111111111"
    whole = await stage.finished(await stage.send_voice(GREETING, reply_to=serialized))
    assert "warnings" not in whole["response_body"]
    assert (await received(stage, whole)).quoted_id == "3EB0111111111111111111"


async def test_a_note_to_hear_once_is_wrapped_as_one_and_still_quotes(stage: Stage) -> None:
    first = await stage.finished(await stage.send_voice(GREETING))
    replied = first["response_body"]["key"]["id"]
    answer = await stage.send_voice(GREETING, view_once="true", reply_to=replied, caption="Once.")
    request = await stage.finished(answer)
    assert request["response_body"]["message"]["audioMessage"]["viewOnce"] is True
    note = await received(stage, request)
    assert (note.type, note.view_once, note.media, note.quoted_id) == ("audio", True, "ok", replied)
    assert note.fields["audio"]["view_once"] is True
    inbox = (await stage.control.inbox(f"+{CONTACT}", note.seq, 10)).messages
    assert (inbox[0].text, inbox[0].quoted_id) == ("Once.", note.id)


async def test_the_status_climbs_to_played(stage: Stage) -> None:
    answer = await stage.send_voice(GREETING)
    await stage.finished(answer)

    async def look() -> Any:
        found = await stage.http.get(answer.json()["queued_request_link"], headers=stage.instance.headers)
        return found.json()

    request = await until(look, lambda one: one["message_status"] == "PLAYED")
    assert request["response_body"]["status"] == "PLAYED"


async def test_the_corrected_number_is_the_one_that_is_sent_to(stage: Stage) -> None:
    await stage.control.add_contact(NewContact("+5511987654321", "Bia", registered_as="+551187654321"))
    request = await stage.finished(await stage.send_voice(GREETING, chatId="5511987654321@c.us"))
    assert request["response_body"]["key"]["remoteJid"] == "551187654321@s.whatsapp.net"


async def test_failures_end_with_status_and_code_and_leave_the_lane_running(
    stage: Stage, audio_url: str
) -> None:
    wrong = {
        "not_audio": (422, await stage.send_voice(b"this is not audio at all")),
        "not_on_whatsapp": (404, await stage.send_voice(GREETING, chatId="447700900999@c.us")),
        "url_refused": (422, await stage.send_voice(url="http://10.0.0.1/a.mp3")),
        "url_unreachable": (422, await stage.send_voice(url=f"{audio_url}/absent.mp3")),
        "url_is_a_page": (422, await stage.send_voice(url=f"{audio_url}/")),
    }
    for code, (status, answer) in wrong.items():
        request = await stage.finished(answer)
        assert (request["error"]["code"], request["response_status"]) == (code, status)
        assert request["response_body"]["message"] == "The given data was invalid."
    unknown = await stage.finished(wrong["not_on_whatsapp"][1])
    assert unknown["response_body"] == {
        "message": "The given data was invalid.",
        "errors": {
            "messages": ["The number you want to send the message to is not on whatsapp."],
            "jid": "447700900999@s.whatsapp.net",
            "exists": False,
        },
        "statusCode": 404,
    }
    assert (await stage.finished(await stage.send_voice(GREETING)))["response_status"] == 201


async def test_a_write_with_prefer_wait_answers_with_the_finished_request(stage: Stage) -> None:
    answer = await stage.send_voice(GREETING, headers={"Prefer": "wait=20"})
    assert answer.headers["preference-applied"] == "wait=20"
    assert answer.json()["response_status"] == 201


async def test_the_same_key_leads_to_one_note_and_other_content_is_refused(stage: Stage) -> None:
    keyed = {"Idempotency-Key": "order-17"}
    answers = await asyncio.gather(*(stage.send_voice(GREETING, headers=keyed) for _ in range(5)))
    assert len({answer.json()["queued_request_uuid"] for answer in answers}) == 1
    encoded = base64.b64encode(GREETING).decode()
    for spelling in (
        f"{CONTACT}@c.us",
        f"+{CONTACT[:2]} {CONTACT[2:6]} {CONTACT[6:]}",
        f"{CONTACT}@s.whatsapp.net",
    ):
        again = await stage.send_voice(file=encoded, headers=keyed, chatId=spelling)
        assert again.json()["queued_request_uuid"] == answers[0].json()["queued_request_uuid"]
    other = await stage.send_voice(GREETING, headers=keyed, caption="other")
    assert other.status_code == 422
    request = await stage.finished(answers[0])
    assert (await received(stage, request)).times == 1


async def test_text_is_sent_by_its_own_operation(stage: Stage) -> None:
    answer = await stage.http.post(
        f"{stage.instance.base}/send-text",
        headers=stage.instance.headers,
        json={"chatId": CONTACT, "text": "Hello"},
    )
    request = await stage.finished(answer)
    assert request["response_body"]["message"] == {"extendedTextMessage": {"text": "Hello"}}
    assert (await received(stage, request)).text == "Hello"
