from collections.abc import Sequence

from waypost.address import Jid
from waypost.instances.contacts import FRESH_SECONDS, Contact, Contacts
from waypost.testing.clock import FakeClock

TYPED = Jid.of_number("5511987654321")
REAL = Jid.of_number("551187654321")


class Rows:
    def __init__(self) -> None:
        self.rows: dict[tuple[str, str], Contact] = {}
        self.asked = 0

    async def put(self, instance_id: str, contacts: Sequence[Contact]) -> None:
        self.rows.update({(instance_id, one.asked): one for one in contacts})

    async def get(self, instance_id: str, asked: str) -> Contact | None:
        self.asked += 1
        return self.rows.get((instance_id, asked))


async def test_an_answer_is_remembered_for_the_typed_and_the_corrected_number() -> None:
    rows = Rows()
    contacts = Contacts(rows, FakeClock())
    await contacts.learn("i", TYPED, REAL, Jid.parse("99@lid"))
    for asked in (TYPED, REAL):
        found = await contacts.fresh("i", asked)
        assert found is not None
        assert (found.jid, found.lid) == (str(REAL), "99@lid")
    assert await contacts.get("other", TYPED) is None


async def test_an_old_answer_is_not_sent_by() -> None:
    rows, clock = Rows(), FakeClock()
    contacts = Contacts(rows, clock)
    await contacts.learn("i", TYPED, REAL, None)
    clock.advance(FRESH_SECONDS + 1)
    assert await contacts.fresh("i", TYPED) is None
    assert await contacts.get("i", TYPED) is not None


async def test_the_unknown_is_asked_for_once() -> None:
    rows = Rows()
    contacts = Contacts(rows, FakeClock())
    for _ in range(3):
        assert await contacts.get("i", TYPED) is None
    assert rows.asked == 1
