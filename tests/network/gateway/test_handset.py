"""The sandbox handset on the dashboard: a newcomer plays both sides without a phone."""

from collections.abc import AsyncIterator
from html import unescape

import pytest
import pytest_asyncio

from waypost.sandbox.views import NewContact, Send
from waypost.testing.dashboard import Visitor
from waypost.testing.gateway_stage import BASE, CONTACT, PairedInstance, Stage, until

from .conftest import AUDIO

pytestmark = pytest.mark.asyncio(loop_scope="package")

MIA = "+447700900341"
OTHER_PHONE = "447700900342"


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def visitor(stage: Stage) -> AsyncIterator[Visitor]:
    """Signed in with the admin token."""
    async with Visitor(stage.gateway.url) as here:
        await here.sign_in(stage.admin["Authorization"].removeprefix("Bearer "))
        yield here


def base(stage: Stage) -> str:
    return f"/instances/{stage.instance.id}/handset"


async def test_a_click_takes_the_place_of_a_phone_that_scans(stage: Stage, visitor: Visitor) -> None:
    made = await stage.create("by a click", OTHER_PHONE)
    page = await visitor.get(f"/instances/{made['id']}/handset")
    assert "Scan the QR code with this phone" in page.text
    answer = await visitor.post(f"/instances/{made['id']}/handset/scan")
    assert answer.status_code == 303
    instance = PairedInstance(id=made["id"], token=made["access_token"], phone=OTHER_PHONE)
    await stage.status(instance, "WORKING")
    assert "The instance is connected" in (await visitor.get(f"/instances/{made['id']}/handset")).text


async def test_a_contact_hears_a_note_tells_that_and_answers(stage: Stage, visitor: Visitor) -> None:
    answer = await visitor.post(f"{base(stage)}/contacts", {"name": "Mia", "phone": MIA})
    assert (answer.status_code, answer.headers["location"]) == (303, f"{base(stage)}/{MIA}")
    note = (AUDIO / "greeting.mp3").read_bytes()
    sent = await stage.finished(await stage.send_voice(note, chatId=f"{MIA[1:]}@c.us"))
    uuid = sent["uuid"]
    message = await stage.control.next_message(MIA)
    there = f"{base(stage)}/{MIA}"
    page = await until(lambda: visitor.get(there), lambda page: "<voice-note" in page.text)
    assert f'src="{there}/files/{message.seq}"' in page.text
    heard = await visitor.get(f"{there}/files/{message.seq}")
    assert heard.content == await stage.control.media(MIA, message.seq)
    assert heard.headers["content-type"].startswith("audio/ogg")
    await visitor.post(f"{there}/told", {"seq": str(message.seq), "told": "played"})

    async def status() -> str:
        path = f"{stage.instance.base}/queued-requests/{uuid}"
        found = (await stage.http.get(path, headers=stage.instance.headers)).json()
        return str(found["message_status"])

    await until(status, lambda found: found == "PLAYED")
    await visitor.post(f"{there}/text", {"text": "I heard <it>"})
    headers = {"X-Form-Secret": visitor.form_secret, "Origin": stage.gateway.url}
    spoken = await visitor.http.post(f"{there}/voice", content=note, headers=headers)
    assert spoken.status_code == 200, spoken.text
    chat = f"/instances/{stage.instance.id}/chats/{MIA[1:]}@c.us"
    page = await until(lambda: visitor.get(chat), lambda page: page.text.count("<voice-note src") == 2)
    assert "I heard &lt;it&gt;" in page.text
    assert "Voice note of Mia" in unescape(page.text)


async def test_a_contact_shows_what_concerns_this_phone_alone(stage: Stage, visitor: Visitor) -> None:
    await stage.control.add_phone("+447700900343")
    await stage.control.add_contact(NewContact(MIA, "Mia"))
    await stage.control.send(MIA, Send("+447700900343", text="for another phone"))
    await stage.control.send(MIA, Send(f"+{stage.instance.phone}", text="for this one"))
    page = await visitor.get(f"{base(stage)}/{MIA}")
    assert ("for this one" in page.text, "for another phone" in page.text) == (True, False)


async def test_a_contact_s_chat_is_not_sent_again_as_it_was(stage: Stage, visitor: Visitor) -> None:
    await stage.control.add_contact(NewContact(MIA, "Mia"))
    await stage.control.send(MIA, Send(f"+{stage.instance.phone}", text="not twice"))

    async def again() -> int:
        page = await visitor.get(f"{base(stage)}/{MIA}")
        version = page.text.partition('data-version="')[2].partition('"')[0]
        return (await visitor.get(f"{base(stage)}/{MIA}/messages?version={version}")).status_code

    # Between the two its ticks may still change.
    await until(again, lambda status: status == 204)


@pytest.mark.parametrize(
    "path",
    ["/+4470000", "/..%2Fphones", "/+447700900399", f"/+{CONTACT}/files/999999", f"/+{CONTACT}/files/x"],
)
async def test_what_is_not_there_is_not_found(stage: Stage, visitor: Visitor, path: str) -> None:
    assert (await visitor.get(base(stage) + path)).status_code == 404


async def test_what_a_contact_can_not_do_is_said(stage: Stage, visitor: Visitor) -> None:
    there = f"{base(stage)}/+{CONTACT}"
    answer = await visitor.post(f"{there}/told", {"seq": "1", "told": "eaten"})
    assert (answer.status_code, "can be read or played" in answer.text) == (422, True), answer.text
    answer = await visitor.post(f"{there}/text", {"text": ""})
    assert (answer.status_code, "1 to 4096 characters" in answer.text) == (422, True), answer.text
    answer = await visitor.post(f"{base(stage)}/contacts", {"name": "", "phone": MIA})
    assert answer.status_code == 422


async def test_an_instance_on_whatsapp_has_no_handset(stage: Stage, visitor: Visitor) -> None:
    body = {"name": "real", "phone": "+447700900344", "network": "whatsapp"}
    answer = await stage.http.post(f"{BASE}/create-instance", headers=stage.admin, json=body)
    answer.raise_for_status()
    id = answer.json()["id"]
    try:
        page = await visitor.get(f"/instances/{id}/voice")
        assert f"/instances/{id}/handset" not in page.text
        assert (await visitor.get(f"/instances/{id}/handset")).status_code == 404
        assert (await visitor.post(f"/instances/{id}/handset/scan")).status_code == 404
    finally:
        await stage.http.delete(f"{BASE}/{id}/delete-instance", headers=stage.admin)
