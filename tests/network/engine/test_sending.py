"""What becomes of a send when the network does not play along."""

import asyncio
import secrets
import sqlite3
import time
from contextlib import closing
from pathlib import Path
from typing import Literal

import pytest
import pytest_asyncio

from waypost.engine import wire
from waypost.engine.port import MaybeSent, MessageArrived, ReceiptArrived
from waypost.engine.settings import EngineSettings
from waypost.errors import (
    ENGINE_DIED,
    MEDIA_UPLOAD_FAILED,
    NOT_CONNECTED,
    NOT_ON_WHATSAPP,
    RESTRICTED,
    SERVER_REFUSED,
    STORE_NOT_WRITABLE,
    EngineError,
    OutcomeUnknown,
)
from waypost.sandbox.views import ContactPatch, NewContact, NewFailure, Send
from waypost.testing.engine_stage import EngineStage, engine_stage, text_order

PHONE, ANN, BEN = "+4915112345678", "+4915200000001", "+4915200000002"


pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="stage")
async def _stage(shared_stage: EngineStage) -> EngineStage:
    await ready(shared_stage)
    return shared_stage


async def ready(stage: EngineStage) -> None:
    """`shop` is paired with PHONE and connected; it has contacts to write to."""
    await stage.sandbox.add_contact(NewContact(phone=ANN, name="Ann"))
    await stage.sandbox.add_contact(NewContact(phone=BEN))
    await stage.paired("shop", PHONE)
    await stage.connected("shop")


async def test_refusals_of_the_server_name_their_code(stage: EngineStage) -> None:
    session = await stage.session("shop")
    for code, fault in ((463, RESTRICTED), (479, SERVER_REFUSED)):
        await stage.sandbox.fail(NewFailure(kind="refuse_message", code=code, times=1))
        with pytest.raises(EngineError) as caught:
            await session.send(text_order("refused", ANN))
        assert (caught.value.fault, caught.value.facts["server_code"]) == (fault, code)
    with pytest.raises(EngineError) as caught:
        await session.send(text_order("nobody", "+4915999999999"))
    assert caught.value.fault is NOT_ON_WHATSAPP


async def test_an_upload_that_fails_says_so(stage: EngineStage, tmp_path: Path) -> None:
    session = await stage.session("shop")
    path = tmp_path / "note.ogg"
    path.write_bytes(secrets.token_bytes(1000))
    await stage.sandbox.fail(NewFailure(kind="failing_media", code=503, direction="upload", times=20))
    with pytest.raises(EngineError) as caught:
        await session.upload(path, "audio")
    assert caught.value.fault is MEDIA_UPLOAD_FAILED
    assert "token" not in caught.value.message
    with pytest.raises(EngineError) as caught:
        await session.upload(tmp_path / "absent.ogg", "audio")
    assert caught.value.fault is MEDIA_UPLOAD_FAILED


@pytest.mark.parametrize("when", ["before", "after"])
async def test_a_connection_lost_in_mid_send_neither_loses_nor_doubles(
    stage: EngineStage, when: Literal["before", "after"]
) -> None:
    session = await stage.session("shop")
    await session.send(text_order("warm", ANN))
    await stage.sandbox.fail(NewFailure(kind="drop_connection", phone=PHONE, when=when, times=1))
    order = text_order("through the drop", ANN)
    (end,) = await asyncio.gather(session.send(order), return_exceptions=True)
    if isinstance(
        end, OutcomeUnknown
    ):  # whatsmeow repeated the frame into the old socket: receipts must tell
        message_id, arrives = end.message_id or "", when == "after"
    else:
        assert not isinstance(end, BaseException)
        message_id, arrives = end.message_id, True
    assert await stage.arrived(ANN, message_id, within=5.0 if arrives else 0.5) == arrives


async def test_an_ack_that_never_comes_is_unknown_and_does_not_hold_up_other_chats(tmp_path: Path) -> None:
    settings = EngineSettings(folder=tmp_path, ack_within=1.5)
    async with engine_stage(tmp_path, settings) as stage:
        await ready(stage)
        session = await stage.session("shop")
        await session.send(text_order("warm", ANN))
        await session.send(text_order("warm", BEN))
        await stage.sandbox.fail(NewFailure(kind="withhold_ack", phone=PHONE, times=1))
        order = text_order("no ack", ANN)
        began = time.monotonic()
        stuck = asyncio.create_task(session.send(order))
        with pytest.raises(OutcomeUnknown) as caught:
            await stuck
        message_id = caught.value.message_id
        assert message_id is not None
        assert await stage.arrived(ANN, message_id) == 1  # it was sent: only the ack was lost
        again = await stage.session("shop")
        assert await again.settle(order.secret, again.mark) == MaybeSent(message_id=message_id)
        sent = await again.send(text_order("goes on", BEN))
        assert time.monotonic() - began < 5
        assert await stage.arrived(BEN, sent.message_id) == 1


async def test_many_sends_and_starts_at_once_do_not_abort_the_process(stage: EngineStage) -> None:
    """Trap 1: the library's maps have no locks."""
    names = [f"i{number}" for number in range(8)]
    await asyncio.gather(
        *(stage.paired(name, f"+49151000000{number:02}") for number, name in enumerate(names))
    )
    session = await stage.session("shop")
    count = 0
    async with asyncio.timeout(60):
        while count < 12:  # a round of starts is over within a few sends
            started = asyncio.gather(*(stage.connected(name) for name in names))
            while not started.done():
                await asyncio.gather(
                    session.send(text_order(f"during starts {count}", ANN)),
                    session.check([ANN, BEN]),
                    return_exceptions=False,
                )
                count += 1
            await started
            await asyncio.gather(*(stage.engine.close(name) for name in names))
    assert not any(getattr(event, "reason", "") == "engine_died" for event in stage.events.events)
    assert len(stage.engine.processes) == 1


async def test_a_session_that_the_process_does_not_know_can_not_crash_it(stage: EngineStage) -> None:
    """Trap 2: an unknown id is a nil dereference in the library."""
    process = stage.engine.processes[0]
    for make in (
        lambda call: wire.CheckNumbers(call=call, session="nobody", numbers=["1"]),
        lambda call: wire.LogoutSession(call=call, session="nobody"),
        lambda call: wire.UploadFile(call=call, session="nobody", path="/dev/null", kind="audio"),
    ):
        with pytest.raises(EngineError) as caught:
            await process.call(make, object, 5)
        assert caught.value.fault is NOT_CONNECTED
    assert process.alive


async def test_a_store_that_takes_no_row_stops_the_send(stage: EngineStage, shop: str, phone: str) -> None:
    await stage.paired(shop, phone)
    session = await stage.connected(shop)
    full = "CREATE TRIGGER full BEFORE INSERT ON waypost_probe BEGIN SELECT RAISE(ABORT, 'x'); END"
    with closing(sqlite3.connect(stage.settings.folder / f"instances/{shop}/store/session.db")) as store:
        store.execute(full)
    before = (await stage.sandbox.stats()).counts.get("messages", 0)
    with pytest.raises(EngineError) as caught:
        await session.send(text_order("nothing of it leaves", ANN))
    assert caught.value.fault is STORE_NOT_WRITABLE
    assert (await stage.sandbox.stats()).counts.get("messages", 0) == before


async def test_a_secret_that_the_library_could_not_store_proves_nothing(
    stage: EngineStage, shop: str, phone: str
) -> None:
    """Trap 5: a failed write of the row is only a warning in the library, which would send all the same: the
    process ends before that."""
    await stage.paired(shop, phone)
    session = await stage.connected(shop)
    full = (
        "CREATE TRIGGER full BEFORE INSERT ON whatsmeow_message_secrets BEGIN SELECT RAISE(ABORT, 'x'); END"
    )
    with closing(sqlite3.connect(stage.settings.folder / f"instances/{shop}/store/session.db")) as store:
        store.execute(full)
        store.commit()
    before = (await stage.sandbox.stats()).counts.get("messages", 0)
    with pytest.raises(EngineError) as refused:
        await session.send(text_order("no row", ANN))
    assert refused.value.fault in (NOT_CONNECTED, ENGINE_DIED)
    again = await stage.connected(shop)
    assert again is not session
    assert (await stage.sandbox.stats()).counts.get("messages", 0) == before


async def test_incoming_messages_and_receipts_come_as_events(stage: EngineStage) -> None:
    await stage.sandbox.change_contact(ANN, ContactPatch(read_after=0.0))
    session = await stage.session("shop")
    sent = await session.send(text_order("hello", ANN))

    def kinds() -> set[str]:
        receipts = [event for event in stage.events.events if isinstance(event, ReceiptArrived)]
        return {event.kind for event in receipts if sent.message_id in event.message_ids}

    await stage.events.until(lambda: {"sender", "delivered", "read"} <= kinds())
    await stage.sandbox.send(ANN, Send(to=PHONE, text="hello back"))

    def messages() -> list[MessageArrived]:
        return [event for event in stage.events.events if isinstance(event, MessageArrived)]

    await stage.events.until(lambda: bool(messages()))
    message = messages()[0]
    assert (message.from_me, message.push_name) == (False, "Ann")
    assert b"hello back" in message.content
    assert {message.sender.partition("@")[2], (message.sender_alt or "").partition("@")[2]} == {
        "lid",
        "s.whatsapp.net",
    }
    assert len(messages()) == 1  # own protocol messages are not for applications
    sent_stanzas = [line.what for line in await stage.sandbox.log() if line.what.startswith("<message")]
    assert sent_stanzas
    assert not any("<bot" in what for what in sent_stanzas)  # trap 10


async def test_a_retry_receipt_after_the_process_was_replaced_is_recorded(stage: EngineStage) -> None:
    """Trap 14: the new process can't answer it; the outbox must learn of it."""
    session = await stage.session("shop")
    await session.send(text_order("known", ANN))
    await stage.engine.close("shop")
    session = await stage.connected("shop")
    await stage.sandbox.change_contact(ANN, ContactPatch(forget_sessions=True))
    sent = await session.send(text_order("lost on them", ANN))
    await stage.events.until(
        lambda: any(
            isinstance(event, ReceiptArrived)
            and event.kind == "retry"
            and sent.message_id in event.message_ids
            for event in stage.events.events
        )
    )
