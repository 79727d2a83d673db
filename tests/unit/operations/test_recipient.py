"""Whom a call names, as WhatsApp knows them."""

from collections.abc import Sequence
from pathlib import Path

import pytest
from tests.unit.operations.stage import SHOP, Parts, parts

from waypost.address import Jid
from waypost.engine.port import Recipient
from waypost.errors import NOT_ON_WHATSAPP, EngineError
from waypost.operations.recipient import find_recipient, find_recipients, look_up

NOBODY = "447700900999"
PEOPLE = [Jid.of_number(f"44770090{n:04}") for n in range(120)]


class Asked:
    """Notes about how many is asked, and knows all but one."""

    def __init__(self) -> None:
        self.counts: list[int] = []

    async def check(self, numbers: Sequence[str]) -> list[Recipient]:
        self.counts.append(len(numbers))
        return [
            Recipient(asked=one, exists=one != NOBODY, jid=None if "@" in one else f"{one}@s.whatsapp.net")
            for one in numbers
        ]


@pytest.fixture
async def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Parts, Asked]:
    made, asked = await parts(tmp_path), Asked()
    session = made.engine.session(SHOP)
    assert session is not None
    monkeypatch.setattr(type(session), "check", lambda _, numbers: asked.check(numbers))
    return made, asked


async def test_many_people_are_asked_about_in_few_questions_and_once(here: tuple[Parts, Asked]) -> None:
    made, asked = here
    people = [*PEOPLE, Jid.of_number(NOBODY), PEOPLE[0], Jid.parse("123@lid")]
    found = await find_recipients(made.resources, SHOP, people)
    assert [one and one.jid for one in found[:120]] == [str(one) for one in PEOPLE]
    assert found[120] is None
    assert found[121] == found[0]
    assert found[122] is not None
    assert found[122].lid == "123@lid"
    # The last is about the LID.
    assert asked.counts == [50, 50, 21, 1]
    await find_recipients(made.resources, SHOP, PEOPLE)
    assert asked.counts == [50, 50, 21, 1]


async def test_nobody_is_an_error_that_names_the_number(here: tuple[Parts, Asked]) -> None:
    made, _ = here
    with pytest.raises(EngineError) as wrong:
        await find_recipient(made.resources, SHOP, Jid.of_number(NOBODY))
    assert wrong.value.fault is NOT_ON_WHATSAPP
    assert wrong.value.facts == {"jid": f"{NOBODY}@s.whatsapp.net", "exists": False}
    assert made.resources.contacts.is_absent(SHOP, Jid.of_number(NOBODY))


async def test_a_question_that_is_not_answered_leaves_nobody_behind_a_number(
    here: tuple[Parts, Asked],
) -> None:
    made, _ = here

    async def nothing(numbers: Sequence[str]) -> list[Recipient]:
        return []

    with pytest.raises(EngineError):
        await look_up(made.resources.contacts, SHOP, PEOPLE[0], nothing)
