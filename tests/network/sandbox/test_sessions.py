import asyncio
import sqlite3
from contextlib import AsyncExitStack, closing
from dataclasses import replace
from pathlib import Path

import pytest

from waypost.errors import SandboxError
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.server import start_sandbox
from waypost.sandbox.settings import SandboxSettings
from waypost.sandbox.views import ContactPatch, NewFailure, Send

from .conftest import SHOP, Engine, StartEngine, pair, running_engine

ADA = "+491700000001"


async def test_a_message_to_another_instance_is_relayed(
    client: SandboxClient, paired: Engine, start_engine: StartEngine
) -> None:
    other = await pair(client, await start_engine("other"), "+4915200000002")
    sent = await paired.call("text", to="4915200000002", text="from shop to shop")
    assert (await other.event("message", id=sent["id"]))["text"] == "from shop to shop"
    await paired.event("receipt", ids=[sent["id"]], type="INACTIVE", device=1)
    back = await other.call("text", to=SHOP[1:], text="and back")
    assert (await paired.event("message", id=back["id"]))["text"] == "and back"


async def test_messages_wait_for_an_instance_that_is_offline(
    client: SandboxClient, paired: Engine, start_engine: StartEngine
) -> None:
    await paired.kill()
    ids = [(await client.send(ADA, Send(to=SHOP, text=f"text {number}"))).id for number in range(5)]
    again = await start_engine("engine")
    last = await again.event("message", text="text 4")
    assert [*(event["id"] for event in again.seen("message") if event["text"]), last["id"]] == ids
    await again.event("offline_done")


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
    await start_engine("engine")
    # Not by the engine's event: neonize reports nothing at all when the device is gone before it has looked
    # at it.
    async with asyncio.timeout(20):
        while not any("failure" in line.what and "401" in line.what for line in await client.log()):
            await asyncio.sleep(0.05)


async def test_a_logout_of_the_engine_unlinks_it(client: SandboxClient, paired: Engine) -> None:
    await paired.call("logout")
    assert (await client.phone(SHOP)).devices == []


@pytest.mark.parametrize(
    ("kind", "event"), [("ban", "banned"), ("outdated", "outdated"), ("logged_out", "logged_out")]
)
async def test_an_injected_refusal_ends_the_session(
    client: SandboxClient, paired: Engine, kind: str, event: str
) -> None:
    failure = await client.fail(NewFailure(kind=kind, phone=SHOP))  # type: ignore[arg-type]
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


async def test_an_engine_comes_back_to_a_restarted_sandbox_and_nothing_is_lost(tmp_path: Path) -> None:
    settings = SandboxSettings(data=tmp_path / "sandbox")
    async with AsyncExitStack() as engines:
        async with start_sandbox(settings) as sandbox, SandboxClient(sandbox.control_url) as client:
            engine = await engines.enter_async_context(running_engine(client, tmp_path, "engine"))
            await pair(client, engine, SHOP)
            await engine.call("text", to=ADA[1:], text="before")
            assert (await client.next_message(ADA)).text == "before"
            port = int(sandbox.proxy_url.rpartition(":")[2])
        again = replace(settings, proxy_port=port)
        async with start_sandbox(again) as sandbox, SandboxClient(sandbox.control_url) as client:
            await engine.event("connected")
            await engine.call("text", to=ADA[1:], text="after")
            assert (await client.next_message(ADA, after=1)).text == "after"
            assert [message.times for message in (await client.inbox(ADA)).messages] == [1, 1]


async def test_an_engine_that_lost_its_sessions_gets_the_message_by_retry(
    client: SandboxClient, paired: Engine, start_engine: StartEngine, tmp_path: Path
) -> None:
    first = await client.send(ADA, Send(to=SHOP, text="first"))
    await paired.event("message", id=first.id)
    await paired.call("text", to=ADA[1:], text="answer")
    await client.next_message(ADA)
    await paired.kill()
    with closing(sqlite3.connect(tmp_path / "engine.db")) as store, store:
        assert store.execute("DELETE FROM whatsmeow_sessions").rowcount > 0
    sent = await client.send(ADA, Send(to=SHOP, text="second"))
    again = await start_engine("engine")
    assert (await again.event("message", id=sent.id))["text"] == "second"
