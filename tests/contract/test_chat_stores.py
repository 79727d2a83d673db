"""What any store of chats, of their files and of events that wait must do."""

import msgspec
import pytest

from waypost.address import Jid
from waypost.chats.store import FileKey, HeldEvent, StoredFile
from waypost.instances.instance import Instance
from waypost.instances.lids import Pair
from waypost.instances.messages import Message
from waypost.storage.chats import SqlChats
from waypost.storage.database import Database
from waypost.storage.held_events import SqlHeldEvents
from waypost.storage.instances import SqlInstances
from waypost.storage.lids import SqlLids
from waypost.storage.media import SqlMedia
from waypost.storage.messages import SqlMessages

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
    assert found == msgspec.structs.replace(message("A"), place=1)
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
    rows = await chats.chats("shop", FIRST, 10)
    assert [(row.chat, row.latest, row.unseen) for row in rows] == [
        ("1@g.us", 9, 1),
        (THEM, 2, 2),
        (LID, 2, 1),
    ]
    for before, row in zip([FIRST, (9, "1@g.us"), (2, THEM), (2, LID)], [*rows, None], strict=True):
        assert await chats.chats("shop", before, 1) == ([] if row is None else [row])
    assert await chats.chats("shop", FIRST, 1, 2) == rows[2:]
    assert await chats.chats("other", FIRST, 10) == []


async def test_the_latest_of_several_chats_are_found_at_once(database: Database) -> None:
    chats = SqlChats(database)
    await chats.keep([message("A", 1), message("B", 3, LID), message("C", 2, "1@g.us")], [], 5.0)
    found = await chats.latest("shop", [["1@g.us"], ["none"], [LID, THEM]])
    assert [None if one is None else one.message_id for one in found] == ["C", None, "B"]


async def test_what_was_done_about_messages_is_found_under_both_names_oldest_first(
    database: Database,
) -> None:
    chats = SqlChats(database)
    some = [message("A", 4, LID, "vote"), message("B", 3, kind="reaction"), message("C", 2, LID, "vote")]
    await chats.keep([*some, message("D", 9, kind="edit"), message("E", 1, kind="vote")], [], 5.0)
    assert [one.message_id for one in await chats.about("shop", [THEM, LID], 2, 9)] == ["C", "B", "A"]
    assert [one.message_id for one in await chats.about("shop", [THEM], 0, 1)] == ["E"]


async def test_a_chat_whose_number_is_learnt_is_one_chat_from_then_on(database: Database) -> None:
    chats, lids = SqlChats(database), SqlLids(database)
    await chats.keep([message("A", 1), message("B", 5, LID), message("C", 3, "98@lid")], [], 5.0)
    await lids.put("shop", [Pair(Jid.parse(LID), Jid.parse(THEM))])
    await lids.put("shop", [Pair(Jid.parse("98@lid"), Jid.parse("447700900003@s.whatsapp.net"))])
    rows = await chats.chats("shop", FIRST, 10)
    assert [(row.chat, row.latest, row.unseen, row.lid) for row in rows] == [
        (THEM, 5, 2, LID),
        ("447700900003@s.whatsapp.net", 3, 1, "98@lid"),
    ]
    await chats.keep([message("D", 7, "98@lid"), message("E", 2, LID, seen=True)], [], 5.0)
    rows = await chats.chats("shop", FIRST, 10)
    assert [(row.chat, row.latest, row.unseen) for row in rows] == [
        ("447700900003@s.whatsapp.net", 7, 2),
        (THEM, 5, 2),
    ]


async def test_a_chat_goes_with_its_last_message(database: Database) -> None:
    chats = SqlChats(database)
    await chats.keep([message("A", 1), message("B", 5, LID)], [], 5.0)
    assert await SqlMessages(database).delete_older(3, 10) == 1
    assert [row.chat for row in await chats.chats("shop", FIRST, 10)] == [LID]


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
    await chats.edit(message("A"), b"earlier", b"{}", 8.0)
    assert (await chats.find("shop", "A"))[0].content == b"other"


async def test_downloads_are_tried_again_until_they_are_there_or_have_failed(database: Database) -> None:
    chats, media = SqlChats(database), SqlMedia(database)
    await chats.keep([message("A"), message("B")], [wanted("A"), wanted("B")], 5.0)
    assert await media.waiting() == ["shop"]
    assert await media.due("shop", 4.9, 10) == []
    assert {one.key.message_id for one in await media.due("shop", 5.0, 10)} == {"A", "B"}
    assert await media.due("other", 5.0, 10) == []
    await media.put_off(FileKey("shop", "A", THEM), 60.0, 1)
    await media.failed(FileKey("shop", "B", THEM), "media_gone")
    assert await media.due("shop", 5.0, 10) == []
    assert await media.next_due() == 60.0
    assert await media.there(FileKey("shop", "A", THEM), "b" * 32, 9) is True
    assert await media.there(FileKey("shop", "A", THEM), "c" * 32, 9) is False
    found = await media.of_blob("shop", "b" * 32)
    assert found is not None
    assert (found.state, found.size, found.attempts) == ("there", 9, 1)
    assert await media.of_blob("other", "b" * 32) is None
    assert await media.next_due() is None
    assert await media.waiting() == []
    assert await media.forget_older(5.0, 10) == (0, [])
    assert await media.forget_older(5.1, 10) == (2, ["b" * 32])


async def test_the_secret_stays_the_same(database: Database) -> None:
    first = await SqlMedia(database).secret_key()
    assert len(first) == 32
    assert await SqlMedia(database).secret_key() == first


async def test_each_instance_with_files_to_fetch_is_named_once(database: Database) -> None:
    chats, media = SqlChats(database), SqlMedia(database)
    files = [
        msgspec.structs.replace(wanted(id), key=FileKey(name, id, THEM))
        for name in ("shop", "other")
        for id in ("A", "B", "C")
    ]
    await chats.keep([], files, 5.0)
    assert await media.waiting() == ["other", "shop"]


def held(key: str, chat: str = THEM, file: FileKey | None = None, until: float = 9.0) -> HeldEvent:
    return HeldEvent(instance_id="shop", key=key, chat=chat, event=b"{}", until=until, file=file)


async def ready(store: SqlHeldEvents, now: float = 0.0, after: int = 0) -> list[str]:
    return [event.key for event, _ in await store.ready(after, now, 10)]


async def test_what_is_held_keeps_its_order_and_its_place(database: Database) -> None:
    store, media = SqlHeldEvents(database), SqlMedia(database)
    await SqlChats(database).keep([], [wanted("A")], 5.0)
    file = wanted("A").key
    await store.put([held("one", file=file), held("two"), held("three", "elsewhere")])
    await store.put([held("one", file=file)])
    asked = [("shop", THEM), ("shop", "none"), ("other", THEM)]
    assert await store.standing(asked, [file]) == ({("shop", THEM)}, {})
    assert await ready(store) == ["three"]
    assert await store.next_until(0.0) == 9.0
    assert await ready(store, now=10.0) == ["two", "three"]
    assert await store.next_until(10.0) is None
    await media.failed(file, "media_gone")
    _, files = await store.standing([], [file, wanted("B").key])
    assert [(key, one.error) for key, one in files.items()] == [(file, "media_gone")]
    found = await store.ready(0, 0.0, 10)
    assert [event.key for event, _ in found] == ["one", "two", "three"]
    assert [event.file for event, _ in found] == [file, None, None]
    assert [None if one is None else one.error for _, one in found] == ["media_gone", None, None]
    await store.remove([found[0][0].seq])
    assert await ready(store) == ["two", "three"]
    assert await ready(store, after=found[1][0].seq) == ["three"]


async def test_an_event_whose_file_is_forgotten_waits_for_nothing(database: Database) -> None:
    store = SqlHeldEvents(database)
    await store.put([held("one", file=wanted("A").key)])
    assert [(event.key, file) for event, file in await store.ready(0, 0.0, 10)] == [("one", None)]


async def test_all_of_it_goes_with_its_instance(database: Database) -> None:
    chats, media, waiting = SqlChats(database), SqlMedia(database), SqlHeldEvents(database)
    await chats.keep([message("A")], [wanted("A")], 5.0)
    await waiting.put([held("k")])
    await SqlInstances(database).delete("shop")
    assert await chats.find("shop", "A") == []
    assert await media.find(FileKey("shop", "A", THEM)) is None
    assert await waiting.ready(0, 0.0, 10) == []
    assert await chats.chats("shop", FIRST, 10) == []


async def test_messages_of_one_second_know_in_which_order_they_came(database: Database) -> None:
    chats = SqlChats(database)
    ids = ("D", "A", "C", "B")
    for id in ids[:2]:
        await chats.keep([message(id, at=7)], [], 1.0)
    # Together, and again after a crash.
    await chats.keep([message(id, at=7) for id in ("A", *ids[2:])], [], 1.0)
    found = await chats.history("shop", [THEM, LID], FIRST, 9)
    assert [one.message_id for one in reversed(found)] == list(ids)


@pytest.mark.parametrize("limit", [1, 2, 3])
async def test_a_second_that_is_longer_than_a_page_is_told_once_and_in_its_order(
    database: Database, limit: int
) -> None:
    chats = SqlChats(database)
    await SqlLids(database).put("shop", [Pair(Jid.parse(LID), Jid.parse(THEM))])
    ids = ("before", "D", "A", "E", "C", "B", "after")
    for number, id in enumerate(ids):
        at = {"before": 6, "after": 8}.get(id, 7)
        await chats.keep([message(id, at=at, chat=(THEM, LID)[number % 2])], [], 1.0)
    told: list[str] = []
    place = FIRST
    while page := await chats.history("shop", [THEM, LID], place, limit):
        told += [one.message_id for one in page]
        place = (page[-1].timestamp, page[-1].message_id)
    assert told == list(reversed(ids))


@pytest.mark.parametrize("ids", [("A", "B"), ("B", "A")])
async def test_messages_of_one_second_by_number_and_by_lid_know_in_which_order_they_came(
    database: Database, ids: tuple[str, str]
) -> None:
    chats = SqlChats(database)
    await SqlLids(database).put("shop", [Pair(Jid.parse(LID), Jid.parse(THEM))])
    for first, second in ((THEM, LID), (LID, THEM)):
        at = 7 if first == THEM else 8
        await chats.keep([message(f"{ids[0]}{at}", at=at, chat=first)], [], 1.0)
        await chats.keep([message(f"{ids[1]}{at}", at=at, chat=second)], [], 1.0)
        (latest,) = await chats.latest("shop", [[THEM, LID]])
        assert latest is not None
        assert latest.message_id == f"{ids[1]}{at}"
