import asyncio
import base64
import os

import pytest

from waypost.errors import SandboxError
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import ContactPatch, NewContact, NewFailure, Send

from .conftest import Engine, StartEngine, pair

ADA, BRUNA, SHOP = "+491700000001", "+5511987654321", "+4915200000001"


async def test_an_engine_is_paired_by_qr_and_its_text_reaches_a_contact(
    client: SandboxClient, paired: Engine
) -> None:
    sent = await paired.call("text", to=ADA[1:], text="hello Ada")
    received = await client.next_message(ADA)
    assert (received.id, received.text, received.sender, received.times) == (sent["id"], "hello Ada", SHOP, 1)


async def test_a_text_is_confirmed_as_delivered_then_read_and_by_the_own_phone(
    client: SandboxClient, paired: Engine
) -> None:
    sent = await paired.call("text", to=ADA[1:], text="hello")
    receipts = [await paired.event("receipt", ids=[sent["id"]]) for _ in range(3)]
    assert sorted(receipt["type"] for receipt in receipts) == sorted(["DELIVERED", "READ", "SENDER"])


async def test_a_voice_note_arrives_byte_for_byte_and_is_played(
    client: SandboxClient, paired: Engine
) -> None:
    note = os.urandom(12_000)
    sent = await paired.call("audio", to=ADA[1:], data=base64.b64encode(note).decode())
    received = await client.next_message(ADA)
    assert received.audio is not None
    assert (received.id, received.type, received.media) == (sent["id"], "audio", "ok")
    assert (received.audio.ptt, received.audio.size, len(received.audio.waveform)) == (True, 12_000, 64)
    assert await client.media(ADA, received.seq) == note
    types = {(await paired.event("receipt", ids=[sent["id"]]))["type"] for _ in range(4)}
    assert "PLAYED" in types


async def test_the_check_corrects_a_number_and_a_message_to_it_arrives(
    client: SandboxClient, paired: Engine
) -> None:
    assert await paired.call("exists", to=BRUNA) == [{"number": "551187654321", "is_in": True}]
    assert await paired.call("exists", to="+4915299999999") == [{"number": "4915299999999", "is_in": False}]
    await paired.call("text", to="551187654321", text="oi")
    assert (await client.next_message(BRUNA)).text == "oi"


async def test_a_contact_writes_to_an_instance_and_quotes(client: SandboxClient, paired: Engine) -> None:
    sent = await paired.call("text", to=ADA[1:], text="question")
    await client.next_message(ADA)
    answer = await client.send(ADA, Send(to=SHOP, text="answer", reply_to=sent["id"]))
    event = await paired.event("message", id=answer.id)
    assert (event["text"], event["quoted"]) == ("answer", sent["id"])
    note = os.urandom(5_000)
    voice = await client.send(ADA, Send(to=SHOP, audio=note, seconds=2, waveform=bytes(64)))
    assert (await paired.event("message", id=voice.id))["ptt"] is True
    assert base64.b64decode((await paired.event("file", id=voice.id))["data"]) == note
    assert await _status(client, voice.id, "delivered")


async def test_messages_wait_for_an_instance_that_is_offline(
    client: SandboxClient, paired: Engine, start_engine: StartEngine
) -> None:
    await paired.kill()
    ids = [(await client.send(ADA, Send(to=SHOP, text=f"text {number}"))).id for number in range(5)]
    again = await start_engine("engine")
    assert [(await again.event("message"))["id"] for _ in range(5)] == ids
    await again.event("offline_done")
    assert await _status(client, ids[-1], "delivered")


async def test_a_message_to_another_instance_is_relayed(
    client: SandboxClient, paired: Engine, start_engine: StartEngine
) -> None:
    other = await pair(client, await start_engine("other"), "+4915200000002")
    sent = await paired.call("text", to="4915200000002", text="from shop to shop")
    assert (await other.event("message", id=sent["id"]))["text"] == "from shop to shop"
    await paired.event("receipt", ids=[sent["id"]], type="INACTIVE", device=1)
    back = await other.call("text", to=SHOP[1:], text="and back")
    assert (await paired.event("message", id=back["id"]))["text"] == "and back"


async def test_a_contact_that_lost_its_sessions_gets_the_message_by_retry(
    client: SandboxClient, paired: Engine
) -> None:
    await paired.call("text", to=ADA[1:], text="first")
    # Until the contact has answered, each message starts the session anew and there is nothing to lose.
    await client.send(ADA, Send(to=SHOP, text="answer"))
    await paired.event("message", text="answer")
    first = await client.next_message(ADA)
    await client.change_contact(ADA, ContactPatch(forget_sessions=True))
    sent = await paired.call("text", to=ADA[1:], text="second")
    received = await client.next_message(ADA, after=first.seq)
    assert (received.id, received.text, received.times) == (sent["id"], "second", 1)
    await paired.event("receipt", ids=[sent["id"]], type="RETRY")


async def test_unlinking_from_the_phone_logs_the_engine_out(client: SandboxClient, paired: Engine) -> None:
    assert (await client.unlink(SHOP)).devices == [1]
    await paired.event("logged_out")
    assert (await client.phone(SHOP)).devices == []


async def test_an_unlink_is_learned_at_the_next_login(
    client: SandboxClient, paired: Engine, start_engine: StartEngine
) -> None:
    await paired.kill()
    await client.unlink(SHOP)
    await (await start_engine("engine")).event("logged_out")


async def test_a_logout_of_the_engine_unlinks_it(client: SandboxClient, paired: Engine) -> None:
    await paired.call("logout")
    assert (await client.phone(SHOP)).devices == []


@pytest.mark.parametrize(
    ("kind", "event"), [("ban", "banned"), ("outdated", "outdated"), ("logged_out", "logged_out")]
)
async def test_an_injected_refusal_ends_the_session(
    client: SandboxClient, paired: Engine, kind: str, event: str
) -> None:
    failure = await client.fail(NewFailure(kind=kind, phone=SHOP, seconds=600))  # type: ignore[arg-type]
    await paired.event(event)
    applied = {known.id: known.applied for known in await client.failures()}
    assert applied[failure.id] == 1


async def test_replaced_ends_the_session_without_a_reconnect(client: SandboxClient, paired: Engine) -> None:
    await client.fail(NewFailure(kind="replaced", phone=SHOP, times=1))
    await paired.event("replaced")


async def test_a_second_login_replaces_the_first(
    client: SandboxClient, paired: Engine, start_engine: StartEngine
) -> None:
    again = await start_engine("engine")
    await again.event("connected")
    await paired.event("replaced")


async def test_the_engine_reconnects_by_itself_after_a_server_error(
    client: SandboxClient, paired: Engine
) -> None:
    await client.fail(NewFailure(kind="server_error", phone=SHOP, times=1))
    await paired.event("connected")
    await paired.call("text", to=ADA[1:], text="back again")
    assert (await client.next_message(ADA)).text == "back again"


async def test_a_refused_message_is_an_error_of_its_code(client: SandboxClient, paired: Engine) -> None:
    await client.fail(NewFailure(kind="refuse_message", phone=SHOP, code=463, times=1))
    with pytest.raises(RuntimeError, match="463"):
        await paired.call("text", to=ADA[1:], text="no")
    await paired.call("text", to=ADA[1:], text="yes")
    assert (await client.next_message(ADA)).text == "yes"


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_message_whose_connection_is_cut_arrives_once(
    client: SandboxClient, paired: Engine, when: str
) -> None:
    await client.fail(NewFailure(kind="drop_connection", phone=SHOP, times=1, when=when))  # type: ignore[arg-type]
    sent = await paired.call("text", to=ADA[1:], text="cut")
    received = await client.next_message(ADA)
    assert (received.id, received.times) == (sent["id"], 1)
    await paired.call("text", to=ADA[1:], text="next")
    assert [message.text for message in (await client.inbox(ADA)).messages][:1] == ["cut"]


async def test_a_withheld_ack_is_late_and_the_message_there(client: SandboxClient, paired: Engine) -> None:
    await client.fail(NewFailure(kind="withhold_ack", phone=SHOP, times=1, seconds=1.0))
    clock = asyncio.get_running_loop().time
    start = clock()
    await paired.call("text", to=ADA[1:], text="late")
    assert clock() - start >= 1.0
    assert (await client.next_message(ADA)).text == "late"


async def test_an_upload_that_fails_is_an_error_and_the_next_one_works(
    client: SandboxClient, paired: Engine
) -> None:
    await client.fail(NewFailure(kind="failing_media", direction="upload", code=500, times=1))
    note = base64.b64encode(b"note").decode()
    with pytest.raises(RuntimeError, match="500"):
        await paired.call("audio", to=ADA[1:], data=note)
    await paired.call("audio", to=ADA[1:], data=note)
    assert (await client.next_message(ADA)).media == "ok"


async def test_a_silent_contact_receives_and_confirms_nothing(client: SandboxClient, paired: Engine) -> None:
    await client.fail(NewFailure(kind="no_receipts", contact=ADA, times=1))
    silent = await paired.call("text", to=ADA[1:], text="silent")
    await client.next_message(ADA)
    loud = await paired.call("text", to=ADA[1:], text="loud")
    await paired.event("receipt", ids=[loud["id"]], type="DELIVERED")
    types = {event["type"] for event in paired.seen("receipt") if event["ids"] == [silent["id"]]}
    assert types <= {"SENDER"}


async def test_an_expired_or_foreign_qr_code_is_refused(
    client: SandboxClient, start_engine: StartEngine
) -> None:
    engine = await start_engine("engine")
    await client.add_phone(SHOP)
    code = (await engine.event("qr"))["text"]
    with pytest.raises(SandboxError, match="phones add"):
        await client.scan("+4915299999999", code)
    head, _, tail = code.rpartition("#")
    with pytest.raises(SandboxError) as stale:
        await client.scan(SHOP, f"{head}#XXXX,{tail.partition(',')[2]}")
    assert stale.value.code == "sandbox_conflict"
    await client.scan(SHOP, code)
    with pytest.raises(SandboxError):
        await client.scan(SHOP, code)
    await engine.event("connected")


async def test_a_contact_with_late_receipts_confirms_late(client: SandboxClient, paired: Engine) -> None:
    await client.add_contact(NewContact("+491700000009", delivered_after=0.5, read_after=None))
    sent = await paired.call("text", to="491700000009", text="slow")
    received = await client.next_message("+491700000009")
    receipt = await paired.event("receipt", ids=[sent["id"]], type="DELIVERED")
    assert received.id in receipt["ids"]


async def _status(client: SandboxClient, id: str, status: str) -> bool:
    async with asyncio.timeout(10):
        while (await client.sent(ADA, id)).status != status:
            await asyncio.sleep(0.02)
    return True
