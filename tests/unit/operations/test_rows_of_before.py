"""Rows that an earlier release stored, letter by letter, are carried out by this one."""

import base64
from pathlib import Path
from typing import Any

import pytest
from tests.unit.operations.stage import SHOP, Parts, parts

from waypost.operations.kind import AnyWrite
from waypost.operations.messages.send_text import SEND_TEXT
from waypost.operations.messages.send_voice import SEND_VOICE
from waypost.outbox.request import Request, RequestState, Step

JID = "447700900102@s.whatsapp.net"
KEY = base64.b64encode(b"k" * 32).decode()
WAVEFORM = base64.b64encode(bytes(range(64))).decode()
MEDIA = (
    f'{{"url":"https://m/v","direct_path":"/v","media_key":"{KEY}","file_sha256":"{KEY}",'
    f'"file_enc_sha256":"{KEY}","file_length":14835,"uploaded_at":1700000000}}'
)
# As 0.1 wrote them, whose engine knew voice notes and texts by name.
VOICE = (
    f'{{"jid":"{JID}","note":{{"type":"voice","media":{MEDIA},"seconds":7,"waveform":"{WAVEFORM}",'
    f'"mimetype":"audio/ogg; codecs=opus"}},'
    f'"quote":{{"message_id":"3A1","participant":"99@lid","content":null}},"warnings":[]}}'
)
TEXT = f'{{"jid":"{JID}","quote":null,"warnings":["reply_not_found"]}}'


def row(operation: str, payload: str, staged: str) -> Request:
    return Request(
        uuid="u",
        seq=1,
        instance_id=SHOP,
        operation=operation,
        chat_key="99@lid",
        state=RequestState.SENDING,
        request=b"{}",
        payload=payload.encode(),
        payload_version=1,
        created_at=0,
        expires_at=1,
        prepared=b"{}",
        staged=staged.encode(),
    )


@pytest.fixture
async def here(tmp_path: Path) -> Parts:
    return await parts(tmp_path)


async def carried_out(here: Parts, write: AnyWrite, request: Request, name: str) -> tuple[Any, bytes]:
    """The order that the engine got, and the answer."""
    payload = write.read_payload(request)
    step = Step(number=0, name=name, state="sending", secret=b"s" * 32)
    performed = await write.perform(here.resources, request, payload, step, [])
    done = Step(number=0, name=name, state="sent", message_id=performed.message_id, timestamp=5)
    return here.engine.sent[-1].order, write.finish(request, payload, [done]).body


async def test_a_note_that_was_staged_before_is_sent_with_all_that_it_had(here: Parts) -> None:
    payload = f'{{"chat":"{JID}","url":null,"caption":null,"reply_to":"3A1"}}'
    order, body = await carried_out(here, SEND_VOICE, row("send-voice", payload, VOICE), "note")
    audio = order.content["audioMessage"]
    assert (audio["URL"], audio["directPath"], audio["fileLength"]) == ("https://m/v", "/v", 14835)
    assert (audio["mediaKey"], audio["waveform"]) == (b"k" * 32, bytes(range(64)))
    assert (audio["seconds"], audio["PTT"], audio["mimetype"]) == (7, True, "audio/ogg; codecs=opus")
    assert (order.chat, order.quote.message_id, order.secret) == (JID, "3A1", b"s" * 32)
    assert b'"seconds":7' in body


async def test_a_text_that_was_staged_before_is_sent(here: Parts) -> None:
    payload = f'{{"chat":"{JID}","text":"hello","reply_to":"3EB0"}}'
    order, body = await carried_out(here, SEND_TEXT, row("send-text", payload, TEXT), "text")
    assert (order.chat, order.content, order.quote) == (JID, {"conversation": "hello"}, None)
    assert b'"warnings":["reply_not_found"]' in body
    assert body.startswith(b'{"key":{"remoteJid":"447700900102@s.whatsapp.net","fromMe":true,"id":"3EB0')
