"""The other engines among themselves and with the sandbox's own contacts: where these fail, it is not us."""

import pytest
from tests.interop.rows import Stage

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import ContactPatch, NewContact, Send
from waypost.testing.phones import Engine, Phone, running_phone
from waypost.testing.processes import Pair

pytestmark = pytest.mark.asyncio(loop_scope="session")

CONTACT = "+447700900031"
OTHER = "447700900032"


async def test_a_contact_s_voice_note_is_decrypted_and_played(
    stage: Stage, phone: Phone, sandbox: SandboxClient
) -> None:
    await sandbox.add_contact(NewContact(CONTACT, "Dora"))
    note = Send(
        f"+{phone.number}", audio=stage.note.read_bytes(), seconds=stage.seconds, waveform=bytes(range(64))
    )
    sent = await sandbox.send(CONTACT, note)
    got = await phone.message(sent.id)
    assert (got.kind, got.ptt, got.seconds, got.waveform, got.media_error) == (
        "audio",
        True,
        stage.seconds,
        bytes(range(64)),
        "",
    )
    assert got.sha256 == got.stated_sha256
    await phone.played(sent.id)


@pytest.mark.parametrize("family", ["number", "LID"])
async def test_a_contact_decrypts_what_the_phone_sends(
    stage: Stage, phone: Phone, sandbox: SandboxClient, family: str
) -> None:
    contact = await sandbox.add_contact(NewContact(CONTACT, "Dora", read_after=0.1, played_after=0.2))
    before = (await sandbox.inbox(CONTACT)).last
    to = f"{CONTACT[1:]}@s.whatsapp.net" if family == "number" else f"{contact.lid}@lid"
    id = await phone.send_voice(to, stage.note, stage.seconds, stage.waveform)
    got = await sandbox.next_message(CONTACT, before)
    assert got.audio is not None
    assert (got.id, got.media, got.audio.ptt, got.audio.seconds) == (id, "ok", True, stage.seconds)
    assert await sandbox.media(CONTACT, got.seq) == stage.note.read_bytes()
    await phone.receipt(id, "played")


async def test_a_contact_that_lost_its_sessions_gets_the_message_by_a_retry(
    phone: Phone, sandbox: SandboxClient
) -> None:
    await sandbox.add_contact(NewContact(CONTACT, "Dora"))
    to, before = f"{CONTACT[1:]}@s.whatsapp.net", (await sandbox.inbox(CONTACT)).last
    await phone.send_text(to, "one")
    first = await sandbox.next_message(CONTACT, before)
    await sandbox.change_contact(CONTACT, ContactPatch(forget_sessions=True))
    await phone.send_text(to, "two")
    got = await sandbox.next_message(CONTACT, first.seq)
    assert (first.text, got.text) == ("one", "two")


async def test_two_phones_understand_each_other(
    stage: Stage, engine: Engine, phone: Phone, sandbox: SandboxClient, pair: Pair
) -> None:
    async with running_phone(engine, sandbox, OTHER, "Emil", pair.folder / engine.name) as other:
        note = await phone.send_voice(f"{OTHER}@s.whatsapp.net", stage.note, stage.seconds, stage.waveform)
        got = await other.message(note)
        assert (got.ptt, got.seconds, got.media_error) == (True, stage.seconds, "")
        reply = await other.send_text(f"{phone.number}@s.whatsapp.net", "heard", note)
        answer = await phone.message(reply)
        assert (answer.text, answer.quoted_id, answer.quoted_kind) == ("heard", note, "audio")
        await other.read(note)
        await phone.receipt(note, "read")
        await sandbox.remove_phone(f"+{OTHER}")
        assert (await other.driven.event("disconnected", reason="logged_out"))["code"] == 401
