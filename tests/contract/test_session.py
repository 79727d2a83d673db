"""One suite over every engine: the double that unit tests use keeps the promises of the real one."""

import asyncio
import contextlib
import functools
import secrets
import sqlite3
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio

from waypost.clock import SystemClock
from waypost.engine.port import (
    Engine,
    EngineEvent,
    Mark,
    MaybeSent,
    Network,
    NeverSent,
    Quote,
    SendOrder,
    Session,
    Unknowable,
)
from waypost.errors import LOGGED_OUT, NOT_CONNECTED, RESTRICTED, EngineError
from waypost.sandbox.views import NewContact, NewFailure, Send
from waypost.testing.engine import MemoryEngine
from waypost.testing.engine_stage import Events, engine_stage

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE = "4915112345678"
FRIEND = "4915200000001"
ASKED, CORRECTED = "5511987654321", "551187654321"
NOBODY = "4915999999999"


@dataclass
class Case:
    """An engine with one paired instance, and the other side of it."""

    engine: Engine
    events: Events
    network: Network
    pair: Callable[[str], Awaitable[None]]
    arrived: Callable[[str], Awaitable[bool]]
    refuse_next: Callable[[], Awaitable[None]]
    told: Callable[[], Awaitable[list[str]]]
    """What the network was told that is no message: `<call> <words>`, in order."""
    write: Callable[[str], Awaitable[str]]
    """Have the friend write something; the id of the message."""
    was_read: Callable[[str], Awaitable[bool]]
    name: Callable[[], Awaitable[None]]
    """Give the account its name while no session is open, as WhatsApp does by the state that it syncs."""

    async def session(self, instance_id: str = "shop") -> Session:
        await self.engine.open(instance_id, self.network)
        await self.events.until(lambda: self.engine.session(instance_id) is not None)
        session = self.engine.session(instance_id)
        assert session is not None
        return session


@pytest_asyncio.fixture(loop_scope="module", scope="module", params=["memory", "whatsmeow"])
async def case(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Case]:
    if request.param == "memory":
        case = _memory()
        await case.pair("shop")
        yield case
        return
    async for case in _whatsmeow(tmp_path_factory.mktemp("stage")):
        await case.pair("shop")
        yield case


def _memory() -> Case:
    events = Events()
    engine = MemoryEngine(events, events, SystemClock())
    engine.script.absent.add(NOBODY)
    engine.script.corrected[ASKED] = CORRECTED
    network = Network(name="sandbox")

    async def pair(instance_id: str) -> None:
        await engine.pair(instance_id, network)
        await engine.scan(instance_id, PHONE)

    async def arrived(message_id: str) -> bool:
        return [sent.message_id for sent in engine.sent].count(message_id) == 1

    async def refuse_next() -> None:
        engine.script.fail("send", RESTRICTED)

    async def told() -> list[str]:
        return [" ".join(words[1:]) for words in engine.told]

    async def write(text: str) -> str:
        return "3EB0AA"

    async def was_read(message_id: str) -> bool:
        return any(words[1] == "mark_read" and message_id in words for words in engine.told)

    async def name() -> None:
        return None

    return Case(engine, events, network, pair, arrived, refuse_next, told, write, was_read, name)


async def _whatsmeow(folder: Path) -> AsyncIterator[Case]:
    async with engine_stage(folder) as stage:
        await stage.sandbox.add_contact(NewContact(phone=f"+{FRIEND}"))
        await stage.sandbox.add_contact(NewContact(phone=f"+{ASKED}", registered_as=f"+{CORRECTED}"))

        async def pair(instance_id: str) -> None:
            await stage.paired(instance_id, f"+{PHONE}")

        async def arrived(message_id: str) -> bool:
            return await stage.arrived(f"+{FRIEND}", message_id) == 1

        async def refuse_next() -> None:
            await stage.sandbox.fail(NewFailure(kind="refuse_message", code=463, times=1))

        async def told() -> list[str]:
            lines = [line.what for line in await stage.sandbox.log(2000) if line.way == "in"]
            return [words for line in lines for words in _told(line)]

        async def write(text: str) -> str:
            sent = await stage.sandbox.send(f"+{FRIEND}", Send(to=f"+{PHONE}", text=text))
            kept = stage.events
            await kept.until(lambda: any(getattr(one, "message_id", "") == sent.id for one in kept.events))
            return sent.id

        async def name() -> None:
            (store,) = stage.settings.folder.rglob("session.db")
            with contextlib.closing(sqlite3.connect(store)) as database, database:
                database.execute("UPDATE whatsmeow_device SET push_name = 'Shop'")

        async def was_read(message_id: str) -> bool:
            return (await stage.sandbox.sent(f"+{FRIEND}", message_id)).status == "read"

        yield Case(
            stage.engine, stage.events, stage.network, pair, arrived, refuse_next, told, write, was_read, name
        )


def _told(line: str) -> list[str]:
    """A chat state or a presence in the words of the double."""
    words = {
        "<composing/>": f"chat_presence {FRIEND}@s.whatsapp.net typing",
        "<composing media='audio'/>": f"chat_presence {FRIEND}@s.whatsapp.net recording",
        "<paused/>": f"chat_presence {FRIEND}@s.whatsapp.net paused",
        "type='available'": "presence available",
        "type='unavailable'": "presence unavailable",
    }
    if not line.startswith("<presence") and FRIEND not in line:
        return []
    return [told for sign, told in words.items() if sign in line]


def order(text: str, chat: str = f"{FRIEND}@s.whatsapp.net") -> SendOrder:
    return SendOrder(chat=chat, content={"conversation": text}, secret=secrets.token_bytes(32))


async def eventually(look: Callable[[], Awaitable[bool]]) -> None:
    async with asyncio.timeout(20):
        while not await look():
            await asyncio.sleep(0.02)


async def test_a_connected_session_says_who_it_is(case: Case) -> None:
    session = await case.session()
    assert session.mark.device_jid.startswith(f"{PHONE}:")
    assert session.mark.device_jid.endswith("@s.whatsapp.net")

    def connections() -> list[EngineEvent]:
        return [event for event in case.events.events if getattr(event, "state", "") == "connected"]

    await case.events.until(lambda: bool(connections()))  # told after there is a session to use
    connected = connections()
    assert getattr(connected[-1], "jid", None) == session.mark.device_jid
    assert str(getattr(connected[-1], "lid", None)).endswith("@lid")


async def test_a_check_corrects_a_number_and_knows_who_is_absent(case: Case) -> None:
    session = await case.session()
    friend, corrected, nobody = await session.check([FRIEND, ASKED, NOBODY])
    assert (friend.exists, friend.jid) == (True, f"{FRIEND}@s.whatsapp.net")
    assert friend.lid is not None
    assert friend.lid.endswith("@lid")
    assert (corrected.asked, corrected.jid) == (ASKED, f"{CORRECTED}@s.whatsapp.net")
    assert (nobody.exists, nobody.jid) == (False, None)


async def test_a_checked_lid_is_an_address_too(case: Case) -> None:
    session = await case.session()
    lid = (await session.check([FRIEND]))[0].lid
    assert lid is not None
    again = (await session.check([lid]))[0]
    assert (again.exists, again.lid) == (True, lid)
    sent = await session.send(order("to a LID", lid))
    assert await case.arrived(sent.message_id)


async def test_an_acked_text_arrives_once(case: Case) -> None:
    session = await case.session()
    sent = await session.send(order("hello"))
    assert sent.timestamp > 1_600_000_000
    assert sent.content
    assert await case.arrived(sent.message_id)


async def test_a_voice_note_that_quotes_arrives(case: Case, tmp_path: Path) -> None:
    session = await case.session()
    first = await session.send(order("quote me"))
    path = tmp_path / "note.ogg"
    path.write_bytes(secrets.token_bytes(4000))
    media = await session.upload(path, "audio")
    assert media.file_length == 4000
    note = SendOrder(
        chat=f"{FRIEND}@s.whatsapp.net",
        content={
            "audioMessage": {
                "URL": media.url,
                "directPath": media.direct_path,
                "mediaKey": media.media_key,
                "fileSHA256": media.file_sha256,
                "fileEncSHA256": media.file_enc_sha256,
                "fileLength": media.file_length,
                "seconds": 2,
                "waveform": bytes(range(64)),
            }
        },
        secret=secrets.token_bytes(32),
        quote=Quote(message_id=first.message_id, participant=f"{PHONE}@s.whatsapp.net"),
    )
    sent = await session.send(note)
    assert await case.arrived(sent.message_id)


async def test_a_message_is_passed_on_with_what_it_holds(case: Case) -> None:
    session = await case.session()
    place = {"locationMessage": {"degreesLatitude": 1.5, "degreesLongitude": 2.5}}
    friend = f"{FRIEND}@s.whatsapp.net"
    first = await session.send(SendOrder(chat=friend, content=place, secret=secrets.token_bytes(32)))
    assert first.names["locationMessage"]["degreesLongitude"] == 2.5
    again = await session.send(
        SendOrder(chat=friend, content={}, secret=secrets.token_bytes(32), forwards=first.content)
    )
    assert again.names["locationMessage"]["degreesLatitude"] == 1.5
    assert await case.arrived(again.message_id)


async def test_reactions_and_deletions_have_a_row_by_which_they_are_settled(case: Case) -> None:
    session, friend = await case.session(), f"{FRIEND}@s.whatsapp.net"
    about = await session.send(order("react to me"))
    key = {"remoteJID": friend, "fromMe": True, "ID": about.message_id}
    for content in (
        {"reactionMessage": {"key": key, "text": "x", "senderTimestampMS": 1}},
        {"protocolMessage": {"key": key, "type": "REVOKE"}},
    ):
        secret = secrets.token_bytes(32)
        sent = await session.send(SendOrder(chat=friend, content=content, secret=secret))
        assert await session.settle(secret, session.mark) == MaybeSent(message_id=sent.message_id)


async def test_the_store_tells_what_left_and_what_did_not(case: Case) -> None:
    session = await case.session()
    known = order("settled")
    sent = await session.send(known)
    assert await session.settle(known.secret, session.mark) == MaybeSent(message_id=sent.message_id)
    assert await session.settle(secrets.token_bytes(32), session.mark) == NeverSent()
    other = Mark(device_jid=session.mark.device_jid, generation="another")
    assert isinstance(await session.settle(known.secret, other), Unknowable)


async def test_messages_are_marked_as_read(case: Case) -> None:
    session = await case.session()
    first, second = await case.write("one"), await case.write("two")
    assert not await case.was_read(first)
    friend = f"{FRIEND}@s.whatsapp.net"
    await session.mark_read(friend, friend, [first, second])
    for message_id in (first, second):
        await eventually(functools.partial(case.was_read, message_id))


async def test_what_the_account_does_is_shown_in_order(case: Case) -> None:
    session, before = await case.session(), len(await case.told())
    friend = f"{FRIEND}@s.whatsapp.net"
    await session.chat_presence(friend, "typing")
    await session.chat_presence(friend, "recording")
    await session.chat_presence(friend, "paused")
    wanted = [f"chat_presence {friend} {state}" for state in ("typing", "recording", "paused")]

    async def shown() -> bool:
        return (await case.told())[before:] == wanted

    await eventually(shown)


async def test_an_account_is_shown_as_online_and_not(case: Case) -> None:
    await case.engine.close("shop")
    await case.name()
    session, before = await case.session(), len(await case.told())
    await session.presence(True)
    await session.presence(False)

    async def shown() -> bool:
        return (await case.told())[before:] == ["presence available", "presence unavailable"]

    await eventually(shown)


async def test_a_closed_session_tells_nothing(case: Case) -> None:
    session = await case.session()
    await case.engine.close("shop")
    with pytest.raises(EngineError) as caught:
        await session.chat_presence(f"{FRIEND}@s.whatsapp.net", "typing")
    assert caught.value.fault is NOT_CONNECTED


async def test_a_refusal_of_the_server_is_certain(case: Case) -> None:
    session = await case.session()
    await case.refuse_next()
    with pytest.raises(EngineError) as caught:
        await session.send(order("refused"))
    assert caught.value.fault is RESTRICTED


async def test_a_closed_session_is_gone_until_it_is_opened_again(case: Case) -> None:
    before = (await case.session()).mark
    await case.engine.close("shop")
    assert case.engine.session("shop") is None
    assert (await case.session()).mark == before


async def test_what_was_never_paired_can_not_be_opened(case: Case) -> None:
    with pytest.raises(EngineError) as caught:
        await case.engine.open("unknown", case.network)
    assert caught.value.fault is LOGGED_OUT


async def test_a_logout_ends_the_store_and_pairing_anew_makes_another(case: Case) -> None:
    before = (await case.session()).mark
    await case.engine.logout("shop")
    assert case.engine.session("shop") is None
    with pytest.raises(EngineError):
        await case.engine.open("shop", case.network)
    await case.pair("shop")
    after = await case.session()
    assert after.mark.generation != before.generation
    assert isinstance(await after.settle(secrets.token_bytes(32), before), Unknowable)
