import random
import uuid

from waypost.outbox.agenda import Agenda
from waypost.outbox.aliases import Aliases
from waypost.outbox.secret import step_secret
from waypost.outbox.slots import Slots
from waypost.outbox.store import Alias
from waypost.outbox.uuids import new_uuid


def test_uuids_are_of_version_7_and_begin_with_their_time() -> None:
    rng = random.Random(3)
    made = [new_uuid(1_700_000_000.0 + n, rng) for n in range(50)]
    assert sorted(made) == made
    for one in made:
        parsed = uuid.UUID(one)
        assert (parsed.version, parsed.variant) == (7, uuid.RFC_4122)
    assert uuid.UUID(made[0]).int >> 80 == 1_700_000_000_000


def test_a_secret_is_of_one_attempt_of_one_step_alone() -> None:
    names = [("u", 0, 1), ("u", 0, 2), ("u", 1, 1), ("v", 0, 1)]
    secrets = {step_secret(b"k" * 32, *name) for name in names}
    assert {len(secret) for secret in secrets} == {32}
    assert len(secrets) == 4
    assert step_secret(b"k" * 32, "u", 0, 1) in secrets
    assert step_secret(b"l" * 32, "u", 0, 1) not in secrets


def test_an_agenda_tells_what_is_due_and_forgets_what_is_gone() -> None:
    agenda = Agenda()
    for n in range(1000):
        agenda.at(float(n), f"r{n}")
    assert agenda.due(2.0) == ["r0", "r1", "r2"]
    assert agenda.next() == 3.0
    agenda.forget_others({"r999"}, 1)
    assert agenda.next() == 999.0
    assert agenda.due(998.0) == []


def test_a_free_place_goes_to_who_has_waited_longest_and_wants_it() -> None:
    slots = Slots(1, each=1)
    got: list[str] = []
    assert slots.take("a", lambda: None)

    def want(name: str) -> None:
        if slots.take(name, lambda: want(name)):
            got.append(name)

    assert not slots.take("gone", lambda: None)
    want("b")
    want("c")
    slots.give_back("a")
    assert got == ["b"]
    slots.give_back("b")
    assert got == ["b", "c"]


def test_one_takes_not_all_the_places_and_goes_on_when_it_gives_one_back() -> None:
    slots = Slots(3, each=2)
    called: list[str] = []
    assert [slots.take("slow", lambda: called.append("slow")) for _ in range(3)] == [True, True, False]
    assert slots.take("other", lambda: None)
    assert not slots.take("third", lambda: called.append("third"))
    slots.give_back("other")
    assert called == ["third"]
    slots.give_back("slow")
    assert called == ["third", "slow"]
    assert slots.take("slow", lambda: None)


def test_aliases_of_aliases_lead_to_the_last_key() -> None:
    aliases = Aliases()
    aliases.know([Alias("i", "typed", "corrected")])
    aliases.learn("i", "corrected", "lid")
    assert [aliases.canonical("i", key) for key in ("typed", "corrected", "lid", "new")] == [
        "lid",
        "lid",
        "lid",
        "new",
    ]
    assert aliases.canonical("other", "typed") == "typed"
    aliases.learn("i", "lid", "typed")
    assert aliases.canonical("i", "typed") == "typed"
    aliases.forget("i")
    assert aliases.canonical("i", "corrected") == "corrected"
