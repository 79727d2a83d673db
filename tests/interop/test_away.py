"""Either side was away: what was sent meanwhile arrives, or ends with the reason why it can't be read."""

import pytest
from tests.interop.gateway import Waypost
from tests.interop.rows import Act, Stage, confirmed, told_of, voice

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
