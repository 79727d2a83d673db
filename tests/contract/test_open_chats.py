"""What every store of open chats keeps to, on both databases."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import msgspec
import pytest
from tests.contract.test_outbox_store import NOW, accepted, ending, step

from waypost.outbox.open_chats import OpenChat, OpenChats
from waypost.outbox.request import RequestState
from waypost.storage.database import Database
from waypost.storage.open_chats import SqlOpenChats
from waypost.storage.outbox import SqlOutboxStore
from waypost.storage.postgres.database import connected
from waypost.storage.postgres.target import Target
from waypost.storage.sqlite.database import opened
from waypost.testing.outbox_house import INSTANCE


@pytest.fixture(params=["sqlite", "postgres"])
async def database(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Database]:
    async with AsyncExitStack() as stack:
        if request.param == "sqlite":
            yield await stack.enter_async_context(opened(tmp_path / "waypost.db"))
        else:
            url: str = request.getfixturevalue("postgres_url")
            yield await stack.enter_async_context(connected(Target(url), writers=2, readers=2))


async def sent(database: Database, uuid: str, chat: str, at: float, *, opens: bool = True) -> None:
    store = SqlOutboxStore(database)
    request = await accepted(store, uuid, chat)
    end = msgspec.structs.replace(ending(at=at), opens_chat=opens)
    assert await store.ended(request, [step("sent", f"id-{uuid}")], end)


async def test_a_chat_is_open_once_we_or_they_have_written_by_any_of_its_names(database: Database) -> None:
    store, chats = SqlOutboxStore(database), SqlOpenChats(database)
    await store.begin()
    assert not await chats.is_open(INSTANCE, "49")
    await sent(database, "u1", "49", NOW)
    assert await chats.is_open(INSTANCE, "49")
    assert not await chats.is_open("other", "49")
    await chats.open([OpenChat(INSTANCE, "50@s.whatsapp.net")], NOW)
    assert not await chats.is_open(INSTANCE, "7@lid")
    await store.merge_chats(INSTANCE, "50@s.whatsapp.net", "7@lid")
    assert await chats.is_open(INSTANCE, "7@lid")
    await chats.forget(INSTANCE)
    assert not await chats.is_open(INSTANCE, "49")


async def test_what_was_sent_lately_is_told_in_order_and_first_contacts_once(database: Database) -> None:
    store, chats = SqlOutboxStore(database), SqlOpenChats(database)
    await store.begin()
    await chats.open([OpenChat(INSTANCE, "theirs")], NOW)
    for number, (chat, at) in enumerate([("a", 1.0), ("b", 20.0), ("b", 30.0), ("theirs", 40.0)]):
        await sent(database, f"u{number}", chat, NOW + at)
    failed = await accepted(store, "failed", "c")
    await store.ended(failed, [], ending(RequestState.FAILED, at=NOW + 50))
    lately = await chats.lately(INSTANCE, NOW + 10, 2)
    assert (lately.sends, lately.firsts) == ([NOW + 30, NOW + 40], [NOW + 20])
    lately = await chats.lately(INSTANCE, NOW, 9)
    assert (len(lately.sends), lately.firsts) == (4, [NOW + 1, NOW + 20])


async def test_an_open_chat_is_asked_about_once(database: Database) -> None:
    chats = OpenChats(SqlOpenChats(database))
    assert await chats.is_open(INSTANCE, "1203@g.us")
    assert not await chats.is_open(INSTANCE, "49")
    news = [OpenChat(INSTANCE, "49"), OpenChat(INSTANCE, "49"), OpenChat(INSTANCE, "50")]
    assert await chats.written(news, NOW) == [OpenChat(INSTANCE, "49"), OpenChat(INSTANCE, "50")]
    assert await chats.written(news, NOW) == []
    assert chats.known(INSTANCE, "49")
    again = OpenChats(SqlOpenChats(database))
    assert not again.known(INSTANCE, "49")
    assert await again.is_open(INSTANCE, "49")
    assert again.known(INSTANCE, "49")
