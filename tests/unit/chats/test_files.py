"""Files of messages: fetched, tried again, given up, and forgotten."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from waypost.chats.files import FileQueue
from waypost.chats.store import FileKey, StoredFile
from waypost.errors import MEDIA_DOWNLOAD_FAILED, MEDIA_GONE, NOT_CONNECTED, EngineError, Fault
from waypost.instances.instance import Instance
from waypost.instances.messages import Message
from waypost.media.blobs import LocalBlobs
from waypost.storage.chats import SqlChats
from waypost.storage.database import Database
from waypost.storage.instances import SqlInstances
from waypost.storage.media import SqlMedia
from waypost.storage.sqlite.database import opened
from waypost.telemetry import make_log
from waypost.testing.clock import FakeClock
from waypost.testing.gateway_stage import until

KEY = FileKey("shop", "A", "1@s.whatsapp.net")


@dataclass
class Session:
    """Downloads `data`, or fails as often as `faults` says."""

    data: bytes = b"picture"
    faults: list[Fault] = field(default_factory=list)
    asked: int = 0
    hanging: int = 0

    async def download(self, content: bytes, path: Path) -> int:
        if content == b"hangs":
            self.hanging += 1
            await asyncio.Event().wait()
        assert content == b"protobuf"
        self.asked += 1
        if self.faults:
            raise EngineError(self.faults.pop(0))
        return path.write_bytes(self.data)


@dataclass
class House:
    """A queue over real stores. `online` tells whether the instance is connected, `held` whether it is
    this node's."""

    queue: FileQueue
    chats: SqlChats
    media: SqlMedia
    session: Session
    clock: FakeClock
    blobs: LocalBlobs
    database: Database
    online: bool = True
    held: bool = True

    async def want(self, size: int | None = 7) -> None:
        file = StoredFile(key=KEY, state="wanted", mimetype="image/png", size=size)
        await self.chats.keep([self.message(KEY)], [file], self.clock.now())
        self.queue.wake()

    def message(self, key: FileKey) -> Message:
        return Message(
            instance_id=key.instance_id,
            message_id=key.message_id,
            chat=key.sender,
            sender=key.sender,
            from_me=False,
            timestamp=1,
            content=b"hangs" if key.instance_id == "mart" else b"protobuf",
        )

    async def hanging(self) -> int:
        return self.session.hanging

    async def ended(self, state: str) -> StoredFile:
        """The file once it is in that state; time passes meanwhile, so that it is tried again."""

        async def look() -> StoredFile | None:
            self.clock.advance(60)
            self.queue.wake()
            return await self.media.find(KEY)

        found: StoredFile = await until(look, lambda file: file is not None and file.state == state)
        return found


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    (tmp_path / "workshop").mkdir()
    async with opened(tmp_path / "waypost.db") as database:
        await SqlInstances(database).add(
            Instance(id="shop", name="shop", phone="1", network="sandbox", created_at=0.0)
        )
        clock, session, log = FakeClock(), Session(), make_log("error", "text")
        chats, media, blobs = SqlChats(database), SqlMedia(database), LocalBlobs(tmp_path / "blobs")

        def session_of(_: str) -> Any:
            return session if here.online else None

        queue = FileQueue(
            media,
            chats,
            blobs,
            session_of,
            lambda _: here.held,
            tmp_path / "workshop",
            100,
            lambda: None,
            clock,
            log,
        )
        here = House(queue, chats, media, session, clock, blobs, database)
        async with queue.running():
            yield here
        assert list((tmp_path / "workshop").iterdir()) == []
        blobs.close()


async def test_a_file_is_fetched_and_kept(house: House) -> None:
    await house.want()
    file = await house.ended("there")
    assert file.size == 7
    assert house.blobs.path_of(file.blob_id or "").read_bytes() == b"picture"


async def test_a_file_that_fails_is_tried_again(house: House) -> None:
    house.session.faults = [MEDIA_DOWNLOAD_FAILED, NOT_CONNECTED, MEDIA_DOWNLOAD_FAILED]
    await house.want()
    file = await house.ended("there")
    assert (file.attempts, house.session.asked) == (2, 4)


async def test_after_five_failures_it_is_given_up(house: House) -> None:
    house.session.faults = [MEDIA_DOWNLOAD_FAILED] * 9
    await house.want()
    assert (await house.ended("failed")).error == "media_download_failed"
    assert house.session.asked == 5


async def test_what_the_servers_no_longer_have_is_not_asked_for_again(house: House) -> None:
    house.session.faults = [MEDIA_GONE]
    await house.want()
    assert (await house.ended("failed")).error == "media_gone"
    assert house.session.asked == 1


async def test_a_file_that_is_too_large_is_not_asked_for(house: House) -> None:
    await house.want(size=101)
    assert (await house.ended("failed")).error == "media_too_large"
    assert house.session.asked == 0


async def test_a_file_that_is_larger_than_it_said_is_not_kept(house: House) -> None:
    house.session.data = bytes(101)
    await house.want(size=7)
    assert (await house.ended("failed")).error == "media_too_large"
    assert list(house.blobs.path_of("0" * 32).parent.iterdir()) == []


async def test_an_instance_that_is_offline_loses_no_try(house: House) -> None:
    house.online = False
    await house.want()
    before = await house.media.find(KEY)
    house.clock.advance(60)
    await house.queue._begin_due()
    assert (await house.media.find(KEY), house.session.asked) == (before, 0)
    house.online = True
    assert (await house.ended("there")).attempts == 0


async def test_an_instance_with_many_files_that_hang_holds_no_other_up(house: House) -> None:
    others = [FileKey("mart", f"M{number}", KEY.sender) for number in range(100)]
    await SqlInstances(house.database).add(
        Instance(id="mart", name="mart", phone="2", network="sandbox", created_at=0.0)
    )
    wanted = [StoredFile(key=key, state="wanted", mimetype="image/png") for key in others]
    await house.chats.keep([house.message(key) for key in others], wanted, house.clock.now() - 60)
    house.queue.wake()
    await until(lambda: house.hanging(), lambda count: count == 2)
    await house.want()
    assert (await house.ended("there")).size == 7
    assert await house.hanging() == 2


async def test_what_another_node_holds_is_left_to_it(house: House) -> None:
    house.held = False
    await house.want()
    before = await house.media.find(KEY)
    house.clock.advance(60)
    await house.queue._begin_due()
    assert (await house.media.find(KEY), house.session.asked) == (before, 0)
    house.held = True
    assert (await house.ended("there")).attempts == 0
