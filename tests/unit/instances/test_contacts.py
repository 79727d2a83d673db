from collections.abc import Sequence

from waypost.address import Jid
from waypost.instances.contacts import (
    ABSENT_SECONDS,
    FRESH_SECONDS,
    Contact,
    Contacts,
    Naming,
    Person,
    SortBy,
    SortOrder,
)
from waypost.instances.lids import Lids
from waypost.testing.clock import FakeClock
from waypost.testing.lids import KeptLids

TYPED = Jid.of_number("5511987654321")
REAL = Jid.of_number("551187654321")


class Rows:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Contact] = {}
        self.asked = 0
        self.namings: list[Naming] = []

    async def put(self, instance_id: str, contacts: Sequence[Contact]) -> None:
        self.rows.update({(instance_id, one.asked): one for one in contacts})

    async def get(self, instance_id: str, asked: str) -> Contact | None:
        self.asked += 1
        return self.rows.get((instance_id, asked))

    async def call(self, instance_id: str, namings: Sequence[Naming]) -> None:
        self.namings += namings

    async def person(self, instance_id: str, jid: str) -> Person | None:
        return None

    async def persons(self, instance_id: str, jids: Sequence[str]) -> list[Person | None]:
        return [None for _ in jids]

    async def people(
        self, instance_id: str, limit: int, offset: int, sort_by: SortBy, order: SortOrder
    ) -> list[Person]:
        return []


async def test_an_answer_is_remembered_for_the_typed_and_the_corrected_number() -> None:
    rows = Rows()
    contacts = Contacts(rows, Lids(KeptLids()), FakeClock())
    await contacts.learn("i", TYPED, REAL, Jid.parse("99@lid"))
    for asked in (TYPED, REAL):
        found = await contacts.fresh("i", asked)
        assert found is not None
        assert (found.jid, found.lid) == (str(REAL), "99@lid")
    assert await contacts.get("other", TYPED) is None


async def test_an_old_answer_is_not_sent_by() -> None:
    rows, clock = Rows(), FakeClock()
    contacts = Contacts(rows, Lids(KeptLids()), clock)
    await contacts.learn("i", TYPED, REAL, None)
    clock.advance(FRESH_SECONDS + 1)
    assert await contacts.fresh("i", TYPED) is None
    assert await contacts.get("i", TYPED) is not None


async def test_nobody_is_behind_a_number_for_minutes_and_until_somebody_is() -> None:
    clock = FakeClock()
    contacts = Contacts(Rows(), Lids(KeptLids()), clock)
    contacts.missed("i", TYPED)
    assert contacts.is_absent("i", TYPED)
    assert not contacts.is_absent("other", TYPED)
    clock.advance(ABSENT_SECONDS + 1)
    assert not contacts.is_absent("i", TYPED)
    contacts.missed("i", TYPED)
    await contacts.learn("i", TYPED, REAL, None)
    assert not contacts.is_absent("i", TYPED)


async def test_the_unknown_is_asked_for_once() -> None:
    rows = Rows()
    contacts = Contacts(rows, Lids(KeptLids()), FakeClock())
    for _ in range(3):
        assert await contacts.get("i", TYPED) is None
    assert rows.asked == 1


async def test_a_lid_that_is_learnt_later_is_shown_with_an_answer_that_is_remembered() -> None:
    contacts = Contacts(Rows(), Lids(KeptLids()), FakeClock())
    await contacts.learn("i", TYPED, REAL, None)
    await contacts.lids.learn("i", [(Jid.parse("99:3@lid"), REAL)])
    found = await contacts.fresh("i", TYPED)
    assert found is not None
    assert found.lid == "99@lid"


async def test_a_name_is_kept_once_and_by_the_number_where_that_is_known() -> None:
    rows = Rows()
    contacts = Contacts(rows, Lids(KeptLids()), FakeClock())
    await contacts.lids.learn("i", [(REAL, Jid.parse("99@lid"))])
    for _ in range(3):
        await contacts.call("i", [Naming(jid="99@lid", pushname="Bruna")])
    await contacts.call("i", [Naming(jid=str(REAL), name="Bruna of sales")])
    assert rows.namings == [
        Naming(jid=str(REAL), pushname="Bruna"),
        Naming(jid=str(REAL), name="Bruna of sales", pushname="Bruna"),
    ]
