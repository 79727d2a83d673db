"""Either side was away: what was sent meanwhile arrives, or ends with the reason why it can't be read."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from tests.interop.gateway import Waypost
from tests.interop.rows import Act, Stage, asked_again, confirmed, told_of, voice

from waypost.sandbox.client import SandboxClient
from waypost.testing.phones import Engine, Phone, running_phone
from waypost.testing.processes import Pair

pytestmark = pytest.mark.asyncio(loop_scope="session")

NUMBERS = {"baileys": "447700900021", "whatsmeow": "447700900022"}


async def test_a_phone_that_was_away_gets_our_note_when_it_is_back(
    engine: Engine, stage: Stage, us: Waypost, sandbox: SandboxClient, pair: Pair
) -> None:
    number = NUMBERS[engine.name]
    async with running_phone(engine, sandbox, number, "Cleo", pair.folder) as phone:
        first = await us.send_text(f"{number}@c.us", "are you there?")
        assert (await phone.message(first.id)).text == "are you there?"
    meanwhile = await us.send_voice(f"{number}@c.us", stage.source)
    async with running_phone(engine, sandbox, number, "Cleo", pair.folder) as phone:
        await voice(stage, Act(meanwhile.id, meanwhile), await phone.message(meanwhile.id))
        await confirmed(stage, phone, meanwhile.id)
        await phone.played(meanwhile.id)
        assert await us.status(meanwhile, "PLAYED") == "PLAYED"


async def test_what_a_phone_wrote_while_we_were_away_can_be_quoted(
    stage: Stage, phone: Phone, us: Waypost, pair: Pair
) -> None:
    await pair.gateway.stop()
    theirs = await phone.send_text(f"{us.number}@s.whatsapp.net", "hello? anybody?")
    await pair.gateway.start()
    await us.working()
    await told_of(stage, theirs)
    reply = await us.send_text(f"{phone.number}@c.us", "back again", theirs)
    got = await phone.message(reply.id)
    assert (got.text, got.quoted_id, got.quoted_text) == ("back again", theirs, "hello? anybody?")


async def test_what_a_phone_wrote_after_we_lost_our_sessions_is_sent_again_and_can_be_quoted(
    stage: Stage, phone: Phone, us: Waypost, pair: Pair
) -> None:
    known = await phone.send_text(f"{us.number}@s.whatsapp.net", "before")
    await told_of(stage, known)
    await pair.gateway.stop()
    (store,) = pair.folder.rglob("session.db")
    assert _forget_sessions(store) > 0
    await pair.gateway.start()
    await us.working()
    theirs = await phone.send_voice(f"{us.number}@s.whatsapp.net", stage.note, stage.seconds, stage.waveform)
    await asked_again(stage, theirs)
    await told_of(stage, theirs)
    reply = await us.send_text(f"{phone.number}@c.us", "once more", theirs)
    got = await phone.message(reply.id)
    assert (got.text, got.quoted_id, got.quoted_kind) == ("once more", theirs, "audio")


def _forget_sessions(store: Path) -> int:
    """Empty the ratchets of a store that nobody has open; how many there were."""
    with closing(sqlite3.connect(store)) as database, database:
        return database.execute("DELETE FROM whatsmeow_sessions").rowcount
