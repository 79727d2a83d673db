import asyncio
import hashlib
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import msgspec
import pytest

from waypost.engine.port import Mark, UploadedMedia
from waypost.instances.contacts import Contact
from waypost.operations.messages.send_voice import SEND_VOICE, PreparedNote, StagedNote, VoiceNote
from waypost.operations.resources import Resources
from waypost.outbox.request import Request, RequestState, Step
from waypost.voice.note import Note

NOTE = b"a native note"
MEDIA = UploadedMedia(
    url="https://m/v",
    direct_path="/v",
    media_key=b"k" * 32,
    file_sha256=b"f" * 32,
    file_enc_sha256=b"e" * 32,
    file_length=13,
    uploaded_at=1,
)
STAGED = StagedNote(
    jid="447700900102@s.whatsapp.net", note=VoiceNote(media=MEDIA, seconds=1, waveform=bytes(64))
)


def request(**changes: Any) -> Request:
    payload = SEND_VOICE.payload(chat="447700900102@s.whatsapp.net", caption="Hello")
    made = Request(
        uuid="u",
        seq=1,
        instance_id="i",
        operation="send-voice",
        chat_key="99@lid",
        state=RequestState.QUEUED,
        request=b"{}",
        payload=msgspec.json.encode(payload),
        payload_version=1,
        created_at=0,
        expires_at=1,
        blob_id="0" * 32,
        staged=msgspec.json.encode(STAGED),
    )
    return msgspec.structs.replace(made, **changes)


def step(number: int, name: str, **changes: Any) -> Step:
    made = Step(number=number, name=name, state="sent", message_id=f"3EB{number}", timestamp=5)
    return msgspec.structs.replace(made, **changes)


def test_a_note_with_its_caption_says_both() -> None:
    one = request()
    answer = SEND_VOICE.finish(one, SEND_VOICE.read_payload(one), [step(0, "note"), step(1, "caption")])
    body = msgspec.json.decode(answer.body)
    assert (answer.status, body["key"]["id"], body["caption_message"]["key"]["id"]) == (201, "3EB0", "3EB1")
    assert "caption_error" not in body


def test_a_note_whose_caption_failed_is_sent_all_the_same() -> None:
    one = request()
    failed = step(1, "caption", state="failed", message_id=None, error_code="outcome_unknown")
    answer = SEND_VOICE.finish(one, SEND_VOICE.read_payload(one), [step(0, "note"), failed])
    body = msgspec.json.decode(answer.body)
    assert (answer.status, body["caption_error"]["code"]) == (201, "outcome_unknown")
    assert "caption_message" not in body


async def test_a_note_that_a_power_cut_emptied_is_made_again_and_only_that_is_sent(tmp_path: Path) -> None:
    made: list[Path] = []

    async def convert(source: Path, target: Path) -> Note:
        made.append(source)
        await asyncio.to_thread(target.write_bytes, NOTE)
        digest = hashlib.sha256(NOTE).digest()
        return Note(target, len(NOTE), digest, 16_000, 1, bytes(64), 20_000, False)

    async def upload(path: Path, kind: str) -> UploadedMedia:
        return msgspec.structs.replace(MEDIA, file_sha256=hashlib.sha256(path.read_bytes()).digest())

    async def inline(blob_id: str) -> bytes:
        return b"an mp3"

    async def fresh(instance_id: str, chat: object) -> Contact:
        return Contact(asked="", jid="447700900102@s.whatsapp.net", lid="99@lid", checked_at=0)

    session: Any = SimpleNamespace(upload=upload, mark=Mark(device_jid="1:1@s.whatsapp.net", generation="g"))
    parts: dict[str, Any] = {
        "contacts": SimpleNamespace(fresh=fresh),
        "uploads": SimpleNamespace(inline=inline),
        "converter": SimpleNamespace(convert=convert),
    }
    resources = Resources(
        session_of=lambda _: session,
        chats=parts["contacts"],
        messages=parts["contacts"],
        fetcher=parts["contacts"],
        workshop=tmp_path,
        clock=parts["contacts"],
        group_sizes=parts["contacts"],
        log=parts["contacts"],
        **parts,
    )
    (tmp_path / "u.ogg").write_bytes(bytes(len(NOTE)))
    prepared = PreparedNote(
        size=len(NOTE), sha256=hashlib.sha256(NOTE).digest(), seconds=1, waveform=bytes(64)
    )
    one = request(prepared=msgspec.json.encode(prepared))
    staged = await SEND_VOICE.stage(resources, one, SEND_VOICE.read_payload(one))
    assert len(made) == 1
    assert staged.chat_key == "99@lid"
    sent = msgspec.json.decode(staged.data, type=StagedNote)
    assert sent.note.media.file_sha256 == hashlib.sha256(NOTE).digest()
    assert list(tmp_path.iterdir()) == []


def test_a_payload_of_another_version_is_read_by_its_own_reader() -> None:
    with pytest.raises(KeyError):
        SEND_VOICE.read_payload(request(payload_version=99))
