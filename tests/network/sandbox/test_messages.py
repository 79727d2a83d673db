import asyncio
import base64
import os
from typing import Any, Literal

import pytest

from waypost.errors import SandboxError
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import Attachment, NewContact, NewFailure, Send

from .conftest import SHOP, Shop

BRUNA = "+5511987654321"
pytestmark = pytest.mark.asyncio(loop_scope="module")


async def test_an_engine_is_paired_by_qr_and_its_text_reaches_a_contact(shop: Shop, ada: str) -> None:
    sent = await shop.engine.call("text", to=ada[1:], text="hello Ada")
    received = await shop.client.next_message(ada)
    assert (received.id, received.text, received.sender, received.times) == (sent["id"], "hello Ada", SHOP, 1)


async def test_a_text_is_confirmed_as_delivered_then_read_and_by_the_own_phone(shop: Shop, ada: str) -> None:
    sent = await shop.engine.call("text", to=ada[1:], text="hello")
    receipts = [await shop.engine.event("receipt", ids=[sent["id"]]) for _ in range(3)]
    assert sorted(receipt["type"] for receipt in receipts) == sorted(["DELIVERED", "READ", "SENDER"])


async def test_a_voice_note_arrives_byte_for_byte_and_is_played(shop: Shop, ada: str) -> None:
    note = os.urandom(12_000)
    sent = await shop.engine.call("audio", to=ada[1:], data=base64.b64encode(note).decode())
    received = await shop.client.next_message(ada)
    assert received.audio is not None
    assert (received.id, received.type, received.media) == (sent["id"], "audio", "ok")
    assert (received.audio.ptt, received.audio.size, len(received.audio.waveform)) == (True, 12_000, 64)
    assert await shop.client.media(ada, received.seq) == note
    types = {(await shop.engine.event("receipt", ids=[sent["id"]]))["type"] for _ in range(4)}
    assert "PLAYED" in types


async def test_a_contact_that_tells_nothing_by_itself_tells_when_asked(shop: Shop) -> None:
    quiet = "+491700000077"
    await shop.client.add_contact(NewContact(quiet, "Quiet", delivered_after=None))
    sent = await shop.engine.call("audio", to=quiet[1:], data=base64.b64encode(os.urandom(900)).decode())
    received = await shop.client.next_message(quiet)
    receipts: tuple[Literal["read", "played"], ...] = ("read", "played")
    for told in receipts:
        await shop.client.tell(quiet, received.seq, told)
        while (event := await shop.engine.event("receipt", ids=[sent["id"]]))["type"] == "SENDER":
            pass
        assert event["type"] == told.upper()
    await shop.engine.call("text", to=quiet[1:], text="no sound")
    text = await shop.client.next_message(quiet, after=received.seq)
    with pytest.raises(SandboxError, match="Only a sound"):
        await shop.client.tell(quiet, text.seq, "played")
    with pytest.raises(SandboxError, match="no such message"):
        await shop.client.tell(quiet, text.seq + 1000, "read")


async def test_the_check_corrects_a_number_and_messages_arrive(shop: Shop, ada: str) -> None:
    assert await shop.engine.call("exists", to=BRUNA) == [{"number": "551187654321", "is_in": True}]
    assert await shop.engine.call("exists", to="+4915299999999") == [
        {"number": "4915299999999", "is_in": False}
    ]
    with pytest.raises(RuntimeError):
        await shop.engine.call("text", to=BRUNA[1:], text="nobody has this number")
    await shop.engine.call("text", to="551187654321", text="oi")
    assert (await shop.client.next_message(BRUNA)).text == "oi"


async def test_a_contact_writes_to_an_instance_and_quotes(shop: Shop, ada: str) -> None:
    sent = await shop.engine.call("text", to=ada[1:], text="question")
    await shop.client.next_message(ada)
    answer = await shop.client.send(ada, Send(to=SHOP, text="answer", reply_to=sent["id"]))
    event = await shop.engine.event("message", id=answer.id)
    assert (event["text"], event["quoted"]) == ("answer", sent["id"])
    note = os.urandom(5_000)
    voice = await shop.client.send(ada, Send(to=SHOP, audio=note, seconds=2, waveform=bytes(64)))
    assert (await shop.engine.event("message", id=voice.id))["ptt"] is True
    assert base64.b64decode((await shop.engine.event("file", id=voice.id))["data"]) == note
    assert await _status(shop.client, ada, voice.id, "delivered")


@pytest.mark.parametrize(
    ("kind", "more"),
    [
        ("image", {"caption": "the oven", "width": 4, "height": 3, "thumbnail": b"small"}),
        ("image", {"view_once": True}),
        ("video", {"caption": "the oven, moving", "seconds": 4}),
        ("document", {"caption": "the bill", "filename": "bill.pdf"}),
        ("sticker", {"animated": True}),
    ],
)
async def test_a_file_of_a_contact_arrives_as_the_kind_it_was_sent_as(
    shop: Shop, ada: str, kind: Any, more: dict[str, Any]
) -> None:
    sent = await shop.engine.call("text", to=ada[1:], text="show me")
    await shop.client.next_message(ada)
    data = os.urandom(5_000)
    file = Attachment(kind=kind, data=data, mimetype="application/x-test", **more)
    answer = await shop.client.send(ada, Send(to=SHOP, file=file, reply_to=sent["id"]))
    assert f"{kind}Message" in (await shop.engine.event("message", id=answer.id))["kinds"]
    assert base64.b64decode((await shop.engine.event("file", id=answer.id))["data"]) == data


async def test_a_refused_message_is_an_error_of_its_code(shop: Shop, ada: str) -> None:
    await shop.client.fail(NewFailure(kind="refuse_message", phone=SHOP, code=463, times=1))
    with pytest.raises(RuntimeError, match="463"):
        await shop.engine.call("text", to=ada[1:], text="no")
    await shop.engine.call("text", to=ada[1:], text="yes")
    assert (await shop.client.next_message(ada)).text == "yes"


async def test_a_withheld_ack_is_late_and_the_message_there(shop: Shop, ada: str) -> None:
    await shop.client.fail(NewFailure(kind="withhold_ack", phone=SHOP, times=1, seconds=1.0))
    clock = asyncio.get_running_loop().time
    start = clock()
    await shop.engine.call("text", to=ada[1:], text="late")
    assert clock() - start >= 1.0
    assert (await shop.client.next_message(ada)).text == "late"


async def test_an_upload_that_fails_is_an_error_and_the_next_one_works(shop: Shop, ada: str) -> None:
    await shop.client.fail(NewFailure(kind="failing_media", direction="upload", code=500, times=1))
    note = base64.b64encode(b"note").decode()
    with pytest.raises(RuntimeError, match="500"):
        await shop.engine.call("audio", to=ada[1:], data=note)
    await shop.engine.call("audio", to=ada[1:], data=note)
    assert (await shop.client.next_message(ada)).media == "ok"


async def test_a_silent_contact_receives_and_confirms_nothing(shop: Shop, ada: str) -> None:
    await shop.client.fail(NewFailure(kind="no_receipts", contact=ada, times=1))
    silent = await shop.engine.call("text", to=ada[1:], text="silent")
    await shop.client.next_message(ada)
    loud = await shop.engine.call("text", to=ada[1:], text="loud")
    await shop.engine.event("receipt", ids=[loud["id"]], type="DELIVERED")
    types = {event["type"] for event in shop.engine.seen("receipt") if event["ids"] == [silent["id"]]}
    assert types <= {"SENDER"}


async def test_a_contact_with_late_receipts_confirms_late(shop: Shop, ada: str) -> None:
    await shop.client.add_contact(NewContact("+491700000009", delivered_after=0.5, read_after=None))
    sent = await shop.engine.call("text", to="491700000009", text="slow")
    received = await shop.client.next_message("+491700000009")
    receipt = await shop.engine.event("receipt", ids=[sent["id"]], type="DELIVERED")
    assert received.id in receipt["ids"]


async def _status(client: SandboxClient, contact: str, id: str, status: str) -> bool:
    async with asyncio.timeout(10):
        while (await client.sent(contact, id)).status != status:
            await asyncio.sleep(0.02)
    return True
