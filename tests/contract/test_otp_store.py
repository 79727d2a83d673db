"""One-time codes on either database."""

import asyncio

import msgspec
import pytest

from waypost.instances.instance import Instance
from waypost.otp.otp import Callback, LinkTexts, Otp, SettledBy
from waypost.storage.database import Database
from waypost.storage.instances import SqlInstances
from waypost.storage.otp import SqlOtps

SHOP = Instance(id="i1", name="shop", phone="1", network="sandbox", created_at=1.5)
CODE = Otp(
    uuid="u1",
    instance_id="i1",
    kind="code",
    chat="49@s.whatsapp.net",
    hashed=b"h1",
    status="pending",
    created_at=1.0,
    expires_at=100.0,
)
TEXTS = LinkTexts(name="Shop", success="yes", failed="no", expired="late", on_success="https://x.test/")
LINK = msgspec.structs.replace(CODE, uuid="l1", kind="link", chat="", hashed=b"l1", texts=TEXTS)


@pytest.fixture
async def store(database: Database) -> SqlOtps:
    await SqlInstances(database).add(SHOP)
    return SqlOtps(database)


async def test_a_newer_code_of_a_chat_takes_the_place_of_the_one_before(store: SqlOtps) -> None:
    await store.add(CODE)
    newer = msgspec.structs.replace(CODE, uuid="u2", created_at=2.0, hashed=b"h2")
    await store.add(newer)
    assert await store.newest_code("i1", CODE.chat) == newer
    assert await store.newest_code("i1", "50@s.whatsapp.net") is None
    assert not await store.settle("u1", "validated", 3.0)


async def test_attempts_at_once_are_counted_up_to_the_limit(store: SqlOtps) -> None:
    await store.add(CODE)
    counted = await asyncio.gather(*[store.count_attempt("u1", 5) for _ in range(8)])
    assert sorted(one or 99 for one in counted) == [1, 2, 3, 4, 5, 99, 99, 99]


async def test_of_two_who_settle_at_once_one_does(store: SqlOtps) -> None:
    await store.add(CODE)
    settled = await asyncio.gather(*[store.settle("u1", "validated", 3.0) for _ in range(4)])
    assert sorted(settled) == [False, False, False, True]
    assert await store.count_attempt("u1", 5) is None


async def test_a_link_is_found_by_its_hash_and_keeps_who_settled_it(store: SqlOtps) -> None:
    await store.add(LINK)
    assert await store.link("i1", b"l1") == LINK
    assert await store.link("i1", b"h1") is None
    assert await store.settle(
        "l1",
        "verified",
        3.0,
        by=SettledBy(message_id="3EB0", chat="49@s.whatsapp.net"),
        callback="https://x.test/",
    )
    found = await store.link("i1", b"l1")
    assert found == msgspec.structs.replace(LINK, status="verified", settled_at=3.0, settled_by="3EB0")


async def test_a_callback_that_is_due_is_taken_by_one(store: SqlOtps) -> None:
    await store.add(LINK)
    by = SettledBy(message_id="3EB0", chat="49@s.whatsapp.net")
    await store.settle("l1", "verified", 3.0, by=by, callback="https://x.test/")
    assert await store.take_callbacks(2.0, 40.0, 8) == []
    taken = await asyncio.gather(*[store.take_callbacks(4.0, 40.0, 8) for _ in range(3)])
    (one,) = [callback for found in taken for callback in found]
    assert one == Callback(
        uuid="l1", url="https://x.test/", status="verified", chat=by.chat, name="Shop", at=3.0, tries=1
    )
    # Whoever took it has died.
    (again,) = await store.take_callbacks(41.0, 80.0, 8)
    assert again.tries == 2
    assert await store.delete_older(200.0, 10) == 0
    await store.callback_at("l1", None)
    assert await store.take_callbacks(500.0, 600.0, 8) == []


async def test_what_ran_out_long_ago_goes_and_an_instance_takes_all_along(
    store: SqlOtps, database: Database
) -> None:
    await store.add(CODE)
    await store.add(msgspec.structs.replace(CODE, uuid="u2", chat="50", expires_at=300.0))
    assert await store.delete_older(200.0, 10) == 1
    assert await store.newest_code("i1", CODE.chat) is None
    assert await store.newest_code("i1", "50") is not None
    await SqlInstances(database).delete("i1")
    assert await store.newest_code("i1", "50") is None
