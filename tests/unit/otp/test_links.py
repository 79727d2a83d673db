"""How links judge what they hear, by the clock and by the message."""

import random
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest

from waypost.address import Jid
from waypost.errors import INSTANCE_QUEUE_FULL, STORAGE_UNAVAILABLE, OutboxError, StorageError
from waypost.events import Event
from waypost.instances.instance import Instance
from waypost.otp.hearing import Hearing, heard_in
from waypost.otp.keys import Keys
from waypost.otp.links import Heard, Links
from waypost.otp.otp import LinkTexts
from waypost.storage.instances import SqlInstances
from waypost.storage.otp import SqlOtps
from waypost.storage.sqlite.database import opened
from waypost.telemetry import make_log
from waypost.testing.clock import FakeClock

ADA = Jid.of_number("4915112345678")
TEXTS = LinkTexts(name="Shop", success="yes", failed="no", expired="late", on_failed="https://x.test/")


class Sent:
    """Notes what is sent, and by which key."""

    def __init__(self) -> None:
        self.texts: dict[str, str] = {}
        self.error: Exception | None = None

    async def send(self, instance_id: str, chat: Jid, text: str, key: str) -> None:
        if self.error is not None:
            raise self.error
        self.texts[key] = text


class Alone:
    """Everybody has one address."""

    async def names_of(self, instance_id: str, chat: Jid) -> Sequence[Jid]:
        return (chat,)


class Ground:
    def __init__(self, store: SqlOtps) -> None:
        self.store, self.clock, self.sent = store, FakeClock(), Sent()
        self.links = Links(store, Keys(store), lambda: self.sent, Alone(), self.clock, random.Random(1))

    async def hears(self, code: str, message_id: str = "m1") -> list[str]:
        text = f"Hello [{code}]"
        await self.links.hear(Heard(instance_id="i1", message_id=message_id, chat=ADA, text=text))
        return list(self.sent.texts.values())


@pytest.fixture
async def ground(tmp_path: Path) -> AsyncIterator[Ground]:
    async with opened(tmp_path / "waypost.db") as database:
        await database.write(
            lambda c: c.execute("INSERT INTO outbox_identity (id, secret_key, epoch) VALUES (1, x'00', 1)")
        )
        shop = Instance(id="i1", name="shop", phone="1", network="sandbox", created_at=1.5)
        await SqlInstances(database).add(shop)
        yield Ground(SqlOtps(database))


async def test_a_link_that_ran_out_is_told_as_expired(ground: Ground) -> None:
    _, code = await ground.links.make("i1", None, TEXTS, 60.0)
    ground.clock.advance(60.0)
    assert await ground.hears(code) == ["late"]
    (callback,) = await ground.store.take_callbacks(ground.clock.now(), ground.clock.now() + 1, 8)
    assert (callback.status, callback.url) == ("expired", "https://x.test/")


async def test_a_message_that_is_told_twice_is_judged_and_answered_once(ground: Ground) -> None:
    _, code = await ground.links.make("i1", None, TEXTS, 60.0)
    assert await ground.hears(code) == ["yes"]
    ground.clock.advance(61.0)
    assert await ground.hears(code) == ["yes"]
    assert await ground.hears(code, "m2") == ["yes", "late"]


async def test_a_number_typed_with_the_ninth_digit_that_its_account_lacks_is_that_account(
    ground: Ground,
) -> None:
    _, code = await ground.links.make("i1", Jid.of_number("5511987654321"), TEXTS, 60.0)
    sender = Jid.of_number("551187654321")
    await ground.links.hear(Heard(instance_id="i1", message_id="m1", chat=sender, text=f"[{code}]"))
    assert list(ground.sent.texts.values()) == ["yes"]


async def test_another_number_than_the_link_s_fails(ground: Ground) -> None:
    _, code = await ground.links.make("i1", Jid.of_number("5511987654322"), TEXTS, 60.0)
    assert await ground.hears(code) == ["no"]


async def test_a_link_of_another_instance_is_not_known(ground: Ground) -> None:
    _, code = await ground.links.make("i1", None, TEXTS, 60.0)
    await ground.links.hear(Heard(instance_id="i2", message_id="m", chat=ADA, text=f"[{code}]"))
    assert ground.sent.texts == {}


def event(**payload: Any) -> Event:
    said = {"id": "m1", "fromMe": False, "from": ADA.chat_id, "body": "x", **payload}
    return Event(instance_id="i1", name="message.any", key="k", at=1.0, payload=said)


@pytest.mark.parametrize(
    "payload", [{"fromMe": True}, {"from": "120363041234567890@g.us"}, {"body": None}, {"from": "nobody"}]
)
def test_what_nobody_wrote_to_the_instance_alone_is_not_heard(payload: dict[str, Any]) -> None:
    assert heard_in(event()) is not None
    assert heard_in(event(**payload)) is None


class Published:
    def __init__(self) -> None:
        self.events: list[Event] = []

    async def publish(self, events: Sequence[Event]) -> None:
        self.events += events


@pytest.mark.parametrize(
    ("error", "told"),
    [(OutboxError(INSTANCE_QUEUE_FULL), 1), (StorageError(STORAGE_UNAVAILABLE), 0)],
)
async def test_a_full_queue_costs_the_answer_and_a_lost_database_costs_nothing(
    ground: Ground, error: Exception, told: int
) -> None:
    _, code = await ground.links.make("i1", None, TEXTS, 60.0)
    published, ground.sent.error = Published(), error
    hearing = Hearing(ground.links, published, make_log("error", "text"))
    said = event(body=f"[{code}]")
    if told:
        await hearing.publish([said])
    else:
        with pytest.raises(StorageError):
            await hearing.publish([said])
        assert published.events == []
        ground.sent.error = None
        await hearing.publish([said])
        assert list(ground.sent.texts.values()) == ["yes"]
    assert published.events == [said]
