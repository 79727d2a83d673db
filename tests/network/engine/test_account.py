"""What an engine asks and is told of the account itself."""

import time

import pytest
import pytest_asyncio

from waypost.engine.account import (
    AccountNamed,
    AddressBookRead,
    FindPicture,
    FindUser,
    ListBlocked,
    PresenceChanged,
    SetAbout,
    SetBlocked,
    SetName,
    SetOwnPicture,
    WatchPresence,
)
from waypost.engine.port import MessageArrived, Session
from waypost.errors import PICTURE_REFUSED, EngineError
from waypost.sandbox.account_views import ContactProfile
from waypost.sandbox.views import NewContact, Send
from waypost.testing.engine_stage import EngineStage

PHONE, ANN = "+4915112345678", "+4915200000001"
ANN_JID = f"{ANN[1:]}@s.whatsapp.net"
JPEG = b"\xff\xd8\xff" + bytes(64)

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(loop_scope="module", scope="module", name="stage")
async def _stage(shared_stage: EngineStage) -> EngineStage:
    await shared_stage.sandbox.add_phone(PHONE, "Shop")
    await shared_stage.sandbox.add_contact(NewContact(phone=ANN, name="Ann"))
    await shared_stage.paired("shop", PHONE)
    await shared_stage.connected("shop")
    await shared_stage.events.until(lambda: bool(named(shared_stage)))
    return shared_stage


@pytest_asyncio.fixture(loop_scope="module")
async def session(stage: EngineStage) -> Session:
    return await stage.session("shop")


def named(stage: EngineStage) -> list[str]:
    return [event.name for event in stage.events.events if isinstance(event, AccountNamed)]


def presences(stage: EngineStage) -> list[PresenceChanged]:
    return [event for event in stage.events.events if isinstance(event, PresenceChanged)]


async def test_the_name_that_the_phone_gives_is_told_and_so_is_the_next(
    stage: EngineStage,
) -> None:
    assert named(stage) == ["Shop"]
    await stage.sandbox.add_phone(PHONE, "Corner shop")
    await stage.events.until(lambda: named(stage) == ["Shop", "Corner shop"])


async def test_a_name_that_is_set_here_reaches_the_phone(stage: EngineStage, session: Session) -> None:
    await session.account(SetName(name="Shop at the corner"))
    assert (await stage.sandbox.phone_state(PHONE)).name == "Shop at the corner"
    await session.account(SetAbout(about="open till six"))
    assert (await stage.sandbox.phone_state(PHONE)).about == "open till six"


async def test_a_contact_that_the_phone_saves_is_told(stage: EngineStage) -> None:
    def told() -> list[tuple[str, str]]:
        books = [event for event in stage.events.events if isinstance(event, AddressBookRead)]
        return [(one.jid, one.name) for book in books for one in book.people]

    await stage.sandbox.save_contact(PHONE, ANN, "Ann of sales")
    await stage.events.until(lambda: (ANN_JID, "Ann of sales") in told())
    await stage.sandbox.save_contact(PHONE, ANN, "Ann of purchases")
    await stage.events.until(lambda: (ANN_JID, "Ann of purchases") in told())


async def test_presence_is_told_from_when_it_is_watched(stage: EngineStage, session: Session) -> None:
    await session.presence(True)
    await session.account(WatchPresence(jid=ANN_JID))
    await stage.events.until(lambda: [one.state for one in presences(stage)] == ["unavailable"])
    await stage.sandbox.does(ANN, "available")
    await stage.events.until(lambda: [one.state for one in presences(stage)][1:] == ["available"])
    await stage.sandbox.does(ANN, "unavailable")
    await stage.events.until(lambda: len(presences(stage)) == 3)
    gone = presences(stage)[2]
    assert (gone.state, gone.chat) == ("unavailable", ANN_JID)
    assert gone.last_seen is not None
    assert abs(gone.last_seen - time.time()) < 60
    assert [one.state for one in await stage.sandbox.seen(ANN)] == ["available"]
    await session.presence(False)
    assert [one.state for one in await stage.sandbox.seen(ANN)] == ["available", "unavailable"]


async def test_receipts_say_delivered_as_soon_as_the_account_is_online(
    stage: EngineStage, session: Session
) -> None:
    await session.presence(True)
    sent = await stage.sandbox.send(ANN, Send(to=PHONE, text="are you there?"))
    await stage.events.until(
        lambda: any(
            isinstance(event, MessageArrived) and event.message_id == sent.id for event in stage.events.events
        )
    )

    async def receipt() -> str | None:
        lines = [line.what for line in await stage.sandbox.log(200) if line.way == "in"]
        return next((one for one in lines if one.startswith("<receipt") and sent.id in one), None)

    while (found := await receipt()) is None:
        await stage.events.until(lambda: True)
    assert "type=" not in found


@pytest.mark.parametrize("state", ["typing", "recording", "paused"])
async def test_what_a_contact_does_in_the_chat_is_told(stage: EngineStage, state: str) -> None:
    before = len(presences(stage))
    doing = {"typing": "composing"}.get(state, state)
    assert await stage.sandbox.does(ANN, doing, PHONE) == 1  # type: ignore[arg-type]
    await stage.events.until(lambda: len(presences(stage)) > before)
    assert presences(stage)[-1].state == state


async def test_who_is_blocked_is_not_heard_until_unblocked(stage: EngineStage, session: Session) -> None:
    assert (await session.account(ListBlocked())).blocked == []
    lid = (await stage.sandbox.contact(ANN)).lid
    answer = await session.account(SetBlocked(jid=ANN_JID, blocked=True))
    assert answer.blocked == [f"{lid}@lid"]
    assert (await stage.sandbox.send(ANN, Send(to=PHONE, text="hello?"))).devices == 0
    assert (await session.account(ListBlocked())).blocked == [f"{lid}@lid"]
    assert (await session.account(SetBlocked(jid=ANN_JID, blocked=False))).blocked == []
    assert (await stage.sandbox.send(ANN, Send(to=PHONE, text="hello!"))).devices > 0


async def test_an_account_exists_by_either_address_and_nobody_by_none(
    stage: EngineStage, session: Session
) -> None:
    lid = (await stage.sandbox.contact(ANN)).lid
    for jid, exists in ((ANN_JID, True), (f"{lid}@lid", True), ("11111111111111@lid", False)):
        assert (await session.account(FindUser(jid=jid))).exists is exists


async def test_pictures_are_found_set_and_refused(stage: EngineStage, session: Session) -> None:
    assert (await session.account(FindPicture(jid=ANN_JID))).picture_url is None
    await stage.sandbox.set_profile(ANN, ContactProfile(picture=JPEG))
    found = await session.account(FindPicture(jid=ANN_JID, preview=True))
    assert (found.picture_url or "").startswith("https://")
    await stage.sandbox.set_profile(ANN, ContactProfile(blocks=PHONE))
    assert (await session.account(FindPicture(jid=ANN_JID))).picture_id is None
    mine = await session.account(SetOwnPicture(picture=JPEG))
    assert mine.picture_id == (await stage.sandbox.phone_state(PHONE)).picture_id
    with pytest.raises(EngineError) as refused:
        await session.account(SetOwnPicture(picture=b"GIF89a"))
    assert refused.value.fault is PICTURE_REFUSED
