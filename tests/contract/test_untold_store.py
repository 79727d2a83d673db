"""What is kept of messages of ours and left to be told, with what became of them; on both databases."""

from typing import Any

import msgspec
import pytest
from tests.contract.test_outbox_store import NOW, accepted, ending, step

from waypost.chats.store import FileKey
from waypost.chats.untold import Left, NotTaken
from waypost.instances.instance import Instance
from waypost.instances.messages import Message
from waypost.outbox.request import RequestState, Step
from waypost.outbox.store import OutboxStore
from waypost.storage.database import Database
from waypost.storage.instances import SqlInstances
from waypost.storage.media import SqlMedia
from waypost.storage.messages import SqlMessages
from waypost.storage.outbox import SqlOutboxStore
from waypost.storage.untold import SqlUntold
from waypost.testing.outbox_house import INSTANCE, Receipt

US = "447700900001@s.whatsapp.net"
VOICE = {"audioMessage": {"ptt": True, "mediaKey": "AAAA", "fileLength": "9", "mimetype": "audio/ogg"}}


@pytest.fixture
async def store(database: Database) -> OutboxStore:
    shop = Instance(id=INSTANCE, name="shop", phone="447700900001", network="sandbox", created_at=0.0)
    await SqlInstances(database).add(shop)
    store = SqlOutboxStore(database)
    await store.begin()
    return store


def message(id: str, names: Any, content: bytes = b"protobuf") -> Message:
    return Message(
        instance_id=INSTANCE,
        message_id=id,
        chat="49@s.whatsapp.net",
        sender=US,
        from_me=True,
        timestamp=int(NOW),
        content=content,
        names=msgspec.json.encode(names),
        source="api",
    )


def sent(one: Message) -> Step:
    return msgspec.structs.replace(step("sent", one.message_id), message=msgspec.json.encode(one))


async def test_a_message_is_kept_and_left_to_be_told_with_the_end_of_its_request(
    store: OutboxStore, database: Database
) -> None:
    request, ours = await accepted(store), message("A", {"conversation": "hi"})
    assert await store.ended(request, [sent(ours)], ending())
    (row,) = await SqlUntold(database).after(0, 10)
    assert (row.at, row.what) == (NOW, Left(ours))
    (kept,) = await SqlMessages(database).find(INSTANCE, "A")
    assert (kept.names, kept.source) == (ours.names, "api")
    # A repetition of the same end (its answer was lost) says the same again: its events have the same keys.
    assert await store.ended(request, [sent(ours)], ending())
    rows = await SqlUntold(database).after(0, 10)
    assert {row.what for row in rows} == {Left(ours)}
    await SqlUntold(database).remove([row.seq for row in rows])
    assert await SqlUntold(database).after(0, 10) == []


async def test_nothing_is_told_of_an_end_that_was_refused(store: OutboxStore, database: Database) -> None:
    request = await accepted(store)
    stale = msgspec.structs.replace(request, epoch=request.epoch + 1)
    assert not await store.ended(stale, [sent(message("A", {"conversation": "hi"}))], ending())
    assert await SqlUntold(database).after(0, 10) == []
    assert await SqlMessages(database).find(INSTANCE, "A") == []


async def test_the_file_that_was_kept_for_a_request_becomes_its_message_s(
    store: OutboxStore, database: Database
) -> None:
    media, request = SqlMedia(database), await accepted(store)
    assert await media.hold(INSTANCE, request.uuid, "b" * 32, 9, NOW)
    assert not await media.hold(INSTANCE, request.uuid, "c" * 32, 9, NOW)
    assert "b" * 32 in await store.blob_files()
    await store.ended(request, [sent(message("A", VOICE))], ending())
    file = await media.find(FileKey(INSTANCE, "A", US))
    assert file is not None
    assert (file.state, file.blob_id, file.size, file.mimetype) == ("there", "b" * 32, 9, "audio/ogg")
    assert await media.find(FileKey(INSTANCE, request.uuid, "")) is None


@pytest.mark.parametrize(("content", "state"), [(b"protobuf", "wanted"), (b"", None)])
async def test_a_file_that_was_not_kept_is_fetched_where_that_can_be(
    store: OutboxStore, database: Database, content: bytes, state: str | None
) -> None:
    request = await accepted(store)
    await store.ended(request, [sent(message("A", VOICE, content))], ending())
    file = await SqlMedia(database).find(FileKey(INSTANCE, "A", US))
    assert (None if file is None else file.state) == state


async def test_a_message_that_was_refused_for_good_is_left_to_be_told(
    store: OutboxStore, database: Database
) -> None:
    request = await accepted(store)
    refused = msgspec.structs.replace(step("pending", "A"), error_code="server_refused")
    await store.ended(request, [refused], ending(RequestState.FAILED))
    (row,) = await SqlUntold(database).after(0, 10)
    assert row.what == NotTaken(INSTANCE, "A", "49")


async def test_a_message_that_nobody_could_read_is_left_to_be_told_once(
    store: OutboxStore, database: Database
) -> None:
    request = await accepted(store)
    await store.ended(request, [step("sent", "A")], ending())
    asked = Receipt(
        instance_id=INSTANCE,
        key="retry",
        kind="retry",
        chat="49@s.whatsapp.net",
        participant="49@s.whatsapp.net",
        message_ids=["A"],
        timestamp=int(NOW),
    )
    await store.receipts([asked], NOW)
    assert await store.undecryptable(NOW + 1, 10) == 1
    assert await store.undecryptable(NOW + 2, 10) == 0
    (row,) = await SqlUntold(database).after(0, 10)
    assert isinstance(row.what, NotTaken)
    assert row.what.message_id == "A"


async def test_what_is_untold_goes_with_its_instance(store: OutboxStore, database: Database) -> None:
    request = await accepted(store)
    await store.ended(request, [sent(message("A", {"conversation": "hi"}))], ending())
    await SqlInstances(database).delete(INSTANCE)
    assert await SqlUntold(database).after(0, 10) == []
    # One that ends afterwards is kept nowhere, and ends all the same.
    late = await accepted(store, "u2")
    assert await store.ended(late, [sent(message("B", {"conversation": "hi"}))], ending())
    assert await SqlUntold(database).after(0, 10) == []
