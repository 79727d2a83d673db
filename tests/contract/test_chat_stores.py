"""What any store of chats, of their files and of events that wait must do."""

import msgspec
import pytest

from waypost.chats.store import FileKey, HeldEvent, StoredFile
from waypost.instances.instance import Instance
from waypost.instances.messages import Message
from waypost.storage.chats import SqlChats
from waypost.storage.database import Database
from waypost.storage.held_events import SqlHeldEvents
from waypost.storage.instances import SqlInstances
from waypost.storage.media import SqlMedia

THEM, LID = "447700900002@s.whatsapp.net", "99@lid"
FIRST = (2**53, "")


@pytest.fixture(autouse=True)
async def instance(database: Database) -> None:
    for name in ("shop", "other"):
        await SqlInstances(database).add(
            Instance(id=name, name=name, phone="447700900001", network="sandbox", created_at=0.0)
        )


def message(id: str, at: int = 100, chat: str = THEM, kind: str = "text", *, seen: bool = False) -> Message:
    return Message(
        instance_id="shop",
        message_id=id,
        chat=chat,
        sender=chat,
        from_me=False,
        timestamp=at,
        content=b"protobuf",
        kind=kind,
        names=b'{"conversation":"hi"}',
        push_name="Ada",
        secret=b"s" * 32,
        seen=seen,
    )


def wanted(id: str, at: float = 0.0) -> StoredFile:
    key = FileKey("shop", id, THEM)
    return StoredFile(key=key, state="wanted", mimetype="image/png", size=7, next_attempt_at=at)


async def test_a_message_is_kept_once_with_the_file_that_it_wants(database: Database) -> None:
    chats, media = SqlChats(database), SqlMedia(database)
    for _ in range(2):
        await chats.keep([message("A")], [wanted("A")], 5.0)
    (found,) = await chats.find("shop", "A")
    assert found == message("A")
    assert await media.find(FileKey("shop", "A", THEM)) == msgspec.structs.replace(
        wanted("A"), next_attempt_at=5.0
    )


async def test_a_chat_shows_its_messages_under_both_names_newest_first(database: Database) -> None:
    chats = SqlChats(database)
    some = [message("A", 1), message("B", 2, LID), message("C", 2), message("D", 3, kind="reaction")]
    await chats.keep([*some, message("E", 9, "1@g.us")], [], 5.0)
    first = await chats.history("shop", [THEM, LID], FIRST, 2)
    assert [one.message_id for one in first] == ["C", "B"]
    rest = await chats.history("shop", [THEM, LID], (2, "B"), 2)
    assert [one.message_id for one in rest] == ["A"]
    assert await chats.history("other", [THEM, LID], FIRST, 2) == []
    rows = await chats.chats("shop", 10, 0)
    assert [(row.chat, row.latest, row.unseen) for row in rows] == [
        ("1@g.us", 9, 1),
        (THEM, 2, 2),
        (LID, 2, 1),
    ]


async def test_messages_are_read_once(database: Database) -> None:
    chats = SqlChats(database)
    await chats.keep([message("A", 1), message("B", 2), message("C", 3, seen=True)], [], 5.0)
    assert [one.message_id for one in await chats.unseen("shop", [THEM], 0, 9)] == ["B", "A"]
    assert [one.message_id for one in await chats.unseen("shop", [THEM], 2, 9)] == ["B"]
    await chats.see("shop", ["B"])
    assert [one.message_id for one in await chats.unseen("shop", [THEM], 0, 9)] == ["A"]


async def test_a_message_that_was_edited_and_taken_back_says_so(database: Database) -> None:
    chats = SqlChats(database)
    await chats.keep([message("A")], [], 5.0)
    await chats.edit(message("A"), None, b"{}", 6.0)
    await chats.revoke(message("A"), 7.0)
    await chats.revoke(message("A"), 8.0)
    (found,) = await chats.find("shop", "A")
    assert (found.content, found.names, found.edited_at, found.revoked_at) == (b"protobuf", b"{}", 6.0, 7.0)
    await chats.edit(message("A"), b"other", b"{}", 9.0)
    assert (await chats.find("shop", "A"))[0].content == b"other"


async def test_downloads_are_tried_again_until_they_are_there_or_have_failed(database: Database) -> None:
    chats, media = SqlChats(database), SqlMedia(database)
    await chats.keep([message("A"), message("B")], [wanted("A"), wanted("B")], 5.0)
    assert await media.due(4.9, 10) == []
    assert {one.key.message_id for one in await media.due(5.0, 10)} == {"A", "B"}
    await media.put_off(FileKey("shop", "A", THEM), 60.0, 1)
    await media.failed(FileKey("shop", "B", THEM), "media_gone")
    assert await media.due(5.0, 10) == []
    assert await media.next_due() == 60.0
    assert await media.there(FileKey("shop", "A", THEM), "b" * 32, 9) is True
    assert await media.there(FileKey("shop", "A", THEM), "c" * 32, 9) is False
    found = await media.of_blob("shop", "b" * 32)
    assert found is not None
    assert (found.state, found.size, found.attempts) == ("there", 9, 1)
    assert await media.of_blob("other", "b" * 32) is None
    assert await media.next_due() is None
    assert await media.forget_older(5.0, 10) == (0, [])
    assert await media.forget_older(5.1, 10) == (2, ["b" * 32])


async def test_the_secret_stays_the_same(database: Database) -> None:
    first = await SqlMedia(database).secret_key()
    assert len(first) == 32
    assert await SqlMedia(database).secret_key() == first


async def test_what_is_held_keeps_its_order_and_its_place(database: Database) -> None:
    held = SqlHeldEvents(database)
    file = FileKey("shop", "A", THEM)
    some = [
        HeldEvent(instance_id="shop", key=key, chat=THEM, event=b"{}", until=9.0, file=of)
        for key, of in (("one", file), ("two", None))
    ]
    await held.put(some)
    await held.put([some[0]])
    found = await held.after(0, 10)
    assert [(one.key, one.file) for one in found] == [("one", file), ("two", None)]
    assert await held.chats(["shop", "other"]) == {("shop", THEM)}
    await held.remove([found[0].seq])
    assert [one.key for one in await held.after(0, 10)] == ["two"]
    assert await held.after(found[1].seq, 10) == []


async def test_all_of_it_goes_with_its_instance(database: Database) -> None:
    chats, media, held = SqlChats(database), SqlMedia(database), SqlHeldEvents(database)
    await chats.keep([message("A")], [wanted("A")], 5.0)
    await held.put([HeldEvent(instance_id="shop", key="k", chat=THEM, event=b"{}", until=9.0)])
    await SqlInstances(database).delete("shop")
    assert await chats.find("shop", "A") == []
    assert await media.find(FileKey("shop", "A", THEM)) is None
    assert await held.after(0, 10) == []
