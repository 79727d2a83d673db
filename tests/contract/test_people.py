"""LIDs, and what people are called, on either database."""

import random

from waypost.address import Jid
from waypost.instances.contacts import Contact, Contacts, Naming, Person
from waypost.instances.instance import Instance
from waypost.instances.lids import Lids, Pair
from waypost.storage.contacts import SqlContacts
from waypost.storage.database import Database
from waypost.storage.instances import SqlInstances
from waypost.storage.lids import SqlLids
from waypost.testing.clock import FakeClock

SHOP = Instance(id="i1", name="shop", phone="1", network="sandbox", created_at=1.5)
ADA, BOB = Jid.of_number("491700000001"), Jid.of_number("491700000002")
LID, NEW = Jid.parse("99@lid"), Jid.parse("77@lid")


async def test_a_pair_is_found_from_either_side_until_the_number_changes_hands(database: Database) -> None:
    await SqlInstances(database).add(SHOP)
    store = SqlLids(database)
    await store.put("i1", [Pair(LID, ADA), Pair(LID, ADA)])
    assert (await store.number("i1", LID), await store.lid("i1", ADA)) == (ADA, LID)
    await store.put("i1", [Pair(NEW, ADA)])
    assert (await store.number("i1", LID), await store.lid("i1", ADA)) == (None, NEW)
    await store.put("i1", [Pair(NEW, BOB)])
    assert (await store.number("i1", NEW), await store.lid("i1", ADA)) == (BOB, None)
    await SqlInstances(database).delete("i1")
    assert await store.number("i1", NEW) is None


async def test_who_was_known_by_a_lid_alone_keeps_the_name_under_the_number(database: Database) -> None:
    await SqlInstances(database).add(SHOP)
    contacts = SqlContacts(database)
    await contacts.call("i1", [Naming(jid=str(LID), pushname="Ada")])
    assert await contacts.person("i1", str(LID)) == Person(jid=str(LID), lid=None, name="", pushname="Ada")
    await contacts.call("i1", [Naming(jid=str(ADA), name="Ada of sales")])
    await SqlLids(database).put("i1", [Pair(LID, ADA)])
    ada = Person(jid=str(ADA), lid=str(LID), name="Ada of sales", pushname="Ada")
    assert await contacts.people("i1", 10, 0, "id", "asc") == [ada]
    assert await contacts.persons("i1", [str(BOB), str(ADA)]) == [None, ada]


async def test_people_are_listed_once_in_the_order_that_was_asked_for(database: Database) -> None:
    await SqlInstances(database).add(SHOP)
    contacts = SqlContacts(database)
    numbers = [str(Jid.of_number(f"4917000000{n}")) for n in range(10, 14)]
    await contacts.put(
        "i1",
        [
            Contact(asked=numbers[0], jid=numbers[0], checked_at=1.0),
            Contact(asked=str(Jid.of_number("5511987654321")), jid=numbers[0], checked_at=1.0),
        ],
    )
    await contacts.call("i1", [Naming(jid=numbers[1], pushname="zoe"), Naming(jid=numbers[2], name="mia")])
    await contacts.call("i1", [Naming(jid=numbers[2], pushname="alf"), Naming(jid=numbers[3], name="kim")])
    by_id = [one.jid for one in await contacts.people("i1", 10, 0, "id", "asc")]
    assert by_id == numbers
    backwards = await contacts.people("i1", 2, 1, "id", "desc")
    assert [one.jid for one in backwards] == [numbers[2], numbers[1]]
    by_name = [one.name or one.pushname for one in await contacts.people("i1", 10, 0, "name", "asc")]
    assert by_name == ["", "kim", "mia", "zoe"]
    last = await contacts.people("i1", 1, 0, "name", "desc")
    assert [one.pushname for one in last] == ["zoe"]


async def test_a_name_that_no_index_has_place_for_keeps_nobody_from_being_known(database: Database) -> None:
    """Strangers name themselves, and an event that can't be taken comes again for ever."""
    await SqlInstances(database).add(
        Instance(id="long", name="long", phone="447700900001", network="sandbox", created_at=0.0)
    )
    rng = random.Random(7)
    name = "".join(chr(rng.randrange(0x4E00, 0x9FFF)) for _ in range(5_000))
    contacts = Contacts(SqlContacts(database), Lids(SqlLids(database)), FakeClock())
    await contacts.call("long", [Naming(jid="447700900002@s.whatsapp.net", pushname=name)])
    found = await contacts.person("long", Jid.of_number("447700900002"))
    assert found is not None
    assert found.pushname == name[:200]
