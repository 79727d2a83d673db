"""Instances, tokens, contacts and small uploads, on either database."""

import asyncio

import msgspec
import pytest

from waypost.errors import InvalidRequest
from waypost.instances.contacts import Contact
from waypost.instances.instance import Account, Instance
from waypost.storage.blobs import InlineBlobs
from waypost.storage.contacts import SqlContacts
from waypost.storage.database import Database
from waypost.storage.instances import SqlInstances
from waypost.storage.tokens import SqlTokens, reset_admins

SHOP = Instance(
    id="i1", name="shop", phone="1", network="sandbox", created_at=1.5, webhook_url="https://example.org/ü"
)


async def test_an_instance_comes_back_as_it_was_kept_and_as_it_was_changed(database: Database) -> None:
    store = SqlInstances(database)
    await store.add(SHOP)
    await store.add(msgspec.structs.replace(SHOP, id="i0", name="older", created_at=1.0))
    assert await store.get("i1") == SHOP
    assert [one.id for one in await store.list()] == ["i0", "i1"]
    account = Account(jid="1:2@s.whatsapp.net", lid=None, push_name="Ada")
    await store.set_account("i1", account)
    await store.set_caption("i1", False)
    found = await store.get("i1")
    assert found is not None
    assert (found.account, found.caption_as_text, found.ended) == (account, False, "")
    await store.set_account("i1", None, "logged_out")
    await store.set_caption("i1", True)
    assert await store.get("i1") == msgspec.structs.replace(SHOP, ended="logged_out")
    await store.delete("i1")
    assert await store.get("i1") is None


@pytest.mark.parametrize(("change", "field"), [({"id": "i2"}, "name"), ({"name": "other"}, "id")])
async def test_a_name_or_id_that_is_taken_is_refused(
    database: Database, change: dict[str, str], field: str
) -> None:
    store = SqlInstances(database)
    await store.add(SHOP)
    with pytest.raises(InvalidRequest) as refused:
        await store.add(msgspec.structs.replace(SHOP, **change))
    assert list(refused.value.errors) == [field]


async def test_of_two_who_want_a_name_at_once_one_gets_it(database: Database) -> None:
    store = SqlInstances(database)
    wanted = [store.add(msgspec.structs.replace(SHOP, id=f"i{n}")) for n in range(8)]
    results = await asyncio.gather(*wanted, return_exceptions=True)
    assert sum(result is None for result in results) == 1
    assert sum(isinstance(result, InvalidRequest) for result in results) == 7


async def test_of_those_who_make_the_first_admin_token_at_once_one_does(database: Database) -> None:
    store = SqlTokens(database)
    made = await asyncio.gather(*(store.add_first_admin(bytes([n]) * 32, "first", 1.0) for n in range(12)))
    (first,) = [token for token in made if token is not None]
    assert first.is_admin
    assert await store.list() == [first]
    assert await store.add_first_admin(b"x" * 32, "first", 2.0) is None


async def test_tokens_are_numbered_and_brought_along_and_go_with_their_instance(database: Database) -> None:
    await SqlInstances(database).add(SHOP)
    store = SqlTokens(database)
    first = await store.add(b"a" * 32, ("send", "read"), "i1", "till", 2.0, None)
    assert first is not None
    brought = await store.add(b"b" * 32, ("admin",), None, "", 2.0, first.number + 1)
    assert brought is not None
    assert await store.add(b"c" * 32, ("admin",), None, "", 2.0, first.number + 1) is None
    after = await store.add(b"d" * 32, ("admin",), None, "", 2.0, None)
    assert after is not None
    assert after.number > brought.number
    assert await store.get(first.number) == first
    assert await store.list() == [first, brought, after]
    assert await store.delete(brought.number)
    assert not await store.delete(brought.number)
    await SqlInstances(database).delete("i1")
    assert await store.list() == [after]
    number = await database.write(lambda c: reset_admins(c, database.dialect, b"e" * 32, 3.0))
    assert [one.number for one in await store.list()] == [number]


async def test_a_newer_answer_about_a_contact_replaces_the_older(database: Database) -> None:
    await SqlInstances(database).add(SHOP)
    store = SqlContacts(database)
    one = Contact(asked="49", jid="49@s.whatsapp.net", checked_at=1.0)
    two = Contact(asked="50", jid="50@s.whatsapp.net", checked_at=1.0)
    await store.put("i1", [one, two])
    newer = msgspec.structs.replace(one, jid="48@s.whatsapp.net", checked_at=2.0)
    await store.put("i1", [newer])
    await store.put("i1", [])
    assert await store.get("i1", "49") == newer
    assert await store.get("i1", "50") == two
    assert await store.get("i1", "51") is None


async def test_an_upload_that_is_not_here_is_none(database: Database) -> None:
    assert await InlineBlobs(database).inline("gone") is None
