"""What Baileys sends to us, as the events that we tell of it."""

from typing import Any

import pytest
from tests.interop.rows import Stage

pytestmark = pytest.mark.asyncio(loop_scope="session")

Json = dict[str, Any]


@pytest.fixture
def theirs(stage: Stage) -> str:
    """How we show the phone."""
    if stage.phone.engine != "baileys":
        pytest.skip("driven by calls that only Baileys has")
    return f"{stage.phone.number}@c.us"


def to_us(stage: Stage) -> str:
    return f"{stage.us.number}@s.whatsapp.net"


async def told(stage: Stage, name: str, id: str) -> Json:
    """The event of a message of theirs."""

    def wanted(payload: Json) -> bool:
        about = payload.get("vote") or payload.get("after") or payload
        return id in about["id"]

    payload: Json = await stage.us.event(name, wanted)
    return payload


async def test_a_text_and_its_reply(stage: Stage, theirs: str) -> None:
    first = await stage.phone.send_text(to_us(stage), "Grüße 🥐")
    got = await told(stage, "message.any", first)
    assert (got["id"], got["body"], got["from"]) == (f"false_{theirs}_{first}", "Grüße 🥐", theirs)
    assert got["fromLid"] == f"{stage.phone.lid}@lid"
    assert got["to"] == f"{stage.us.number}@c.us"


async def test_a_voice_note_with_its_file(stage: Stage, theirs: str) -> None:
    id = await stage.phone.send_voice(to_us(stage), stage.note, stage.seconds, stage.waveform)
    got = await told(stage, "message.any", id)
    media = got["media"]
    assert (got["type"], media["error"], media["size"]) == ("voice", None, stage.note.stat().st_size)
    assert (media["seconds"], media["waveform"]) == (stage.seconds, stage.waveform)


async def test_reactions_on_both_sides_messages(stage: Stage, theirs: str) -> None:
    ours = await stage.us.send_text(theirs, "react to me")
    received = await stage.phone.message(ours.id)
    key = {"remoteJid": received.sender, "fromMe": False, "id": ours.id}
    id = await stage.phone.send(to_us(stage), {"react": {"text": "👍", "key": key}})
    got = await told(stage, "message.reaction", id)
    assert got["reaction"] == {"text": "👍", "messageId": f"true_{theirs}_{ours.id}"}
    own = await stage.phone.send_text(to_us(stage), "mine")
    key = {"remoteJid": to_us(stage), "fromMe": True, "id": own}
    id = await stage.phone.send(to_us(stage), {"react": {"text": "", "key": key}})
    got = await told(stage, "message.reaction", id)
    assert got["reaction"] == {"text": "", "messageId": f"false_{theirs}_{own}"}


async def test_an_edit_and_a_revocation(stage: Stage, theirs: str) -> None:
    own = await stage.phone.send_text(to_us(stage), "at nien")
    key = {"remoteJid": to_us(stage), "fromMe": True, "id": own}
    id = await stage.phone.send(to_us(stage), {"text": "at nine", "edit": key})
    got = await told(stage, "message.any", id)
    assert (got["type"], got["body"]) == ("edit", "at nine")
    assert got["editedMessageId"] == f"false_{theirs}_{own}"
    id = await stage.phone.send(to_us(stage), {"delete": key})
    gone = await told(stage, "message.revoked", id)
    assert gone["revokedMessageId"] == f"false_{theirs}_{own}"
    assert gone["before"]["body"] == "at nine"


async def test_places_and_cards(stage: Stage, theirs: str) -> None:
    place = {"degreesLatitude": 52.5, "degreesLongitude": 13.25, "name": "Here"}
    got = await told(stage, "message.any", await stage.phone.send(to_us(stage), {"location": place}))
    assert got["location"] == {"latitude": 52.5, "longitude": 13.25, "description": "Here"}
    card = {"displayName": "Bea", "contacts": [{"vcard": "BEGIN:VCARD\nFN:Bea\nEND:VCARD"}]}
    got = await told(stage, "message.any", await stage.phone.send(to_us(stage), {"contacts": card}))
    assert got["vCards"] == ["BEGIN:VCARD\nFN:Bea\nEND:VCARD"]


async def test_their_poll(stage: Stage, theirs: str) -> None:
    poll = {"name": "Tea?", "values": ["yes", "no"], "selectableCount": 1}
    got = await told(stage, "message.any", await stage.phone.send(to_us(stage), {"poll": poll}))
    assert got["poll"] == {"name": "Tea?", "options": ["yes", "no"], "multipleAnswers": False}
