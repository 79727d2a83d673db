from waypost.address import Jid
from waypost.instances.lids import Lids
from waypost.testing.lids import KeptLids

NUMBER, OTHER = Jid.of_number("491700000001"), Jid.of_number("491700000002")
LID, NEW = Jid.parse("99@lid"), Jid.parse("77@lid")


async def test_a_pair_is_found_from_either_side_and_by_devices_too() -> None:
    lids = Lids(KeptLids())
    await lids.learn("i", [(Jid.parse("491700000001:3@s.whatsapp.net"), Jid.parse("99:3@lid"))])
    assert await lids.lid_of("i", NUMBER) == LID
    assert await lids.number_of("i", Jid.parse("99:7@lid")) == NUMBER
    assert await lids.names_of("i", LID) == (NUMBER, LID)
    assert await lids.lid_of("other", NUMBER) is None


async def test_what_is_no_pair_says_nothing() -> None:
    rows = KeptLids()
    lids = Lids(rows)
    group = Jid.parse("120363@g.us")
    await lids.learn("i", [(NUMBER, None), (None, LID), (NUMBER, OTHER), (LID, NEW), (group, LID)])
    assert rows.numbers == {}
    assert await lids.lid_of("i", group) is None
    assert await lids.names_of("i", group) == (group,)


async def test_a_number_that_changed_hands_forgets_its_former_lid() -> None:
    lids = Lids(KeptLids())
    await lids.learn("i", [(LID, NUMBER)])
    await lids.learn("i", [(NEW, NUMBER)])
    assert await lids.lid_of("i", NUMBER) == NEW
    assert await lids.number_of("i", LID) is None
    await lids.learn("i", [(NEW, OTHER)])
    assert await lids.number_of("i", NEW) == OTHER
    assert await lids.lid_of("i", NUMBER) is None


async def test_what_is_known_is_not_asked_for_and_what_is_not_is_asked_for_again() -> None:
    rows = KeptLids()
    lids = Lids(rows)
    assert await lids.lid_of("i", NUMBER) is None
    rows.numbers["i", LID] = NUMBER  # another node has learnt it
    assert await lids.lid_of("i", NUMBER) == LID
    looks = rows.looks
    assert await lids.number_of("i", LID) == NUMBER
    assert rows.looks == looks
