from pathlib import Path

import pytest
from tests.unit.operations.stage import SHOP, Parts, parts

from waypost.address import Jid
from waypost.errors import MESSAGE_NOT_FOUND, EngineError, InvalidRequest
from waypost.instances.messages import Message
from waypost.operations.target import Target, chat_of_target, find_target, key_in_message

FRIEND = Jid.of_number("447700900102")
GROUP = Jid.parse("120363000000000001@g.us")


@pytest.fixture
async def here(tmp_path: Path) -> Parts:
    return await parts(tmp_path)


def kept(chat: Jid, sender: str, from_me: bool) -> Message:
    return Message(
        instance_id=SHOP,
        message_id="3A1",
        chat=str(chat),
        sender=sender,
        from_me=from_me,
        timestamp=0,
        content=b"",
    )


async def test_a_short_id_is_looked_up_for_who_wrote_it(here: Parts) -> None:
    await here.messages.put([kept(FRIEND, "447700900101@s.whatsapp.net", True)])
    assert await find_target(here.resources, SHOP, [str(FRIEND)], "3A1") == Target(id="3A1", from_me=True)


async def test_a_short_id_that_nobody_knows_is_not_found(here: Parts) -> None:
    with pytest.raises(EngineError) as caught:
        await find_target(here.resources, SHOP, [str(FRIEND)], "3A1")
    assert caught.value.fault is MESSAGE_NOT_FOUND


async def test_a_whole_id_needs_nobody_to_know_it(here: Parts) -> None:
    found = await find_target(here.resources, SHOP, [str(FRIEND)], "false_447700900102@c.us_3A1")
    assert found == Target(id="3A1", from_me=False)


@pytest.mark.parametrize("known", [True, False])
async def test_in_a_group_the_author_is_named_unless_it_is_us(here: Parts, known: bool) -> None:
    author = "447700900103@s.whatsapp.net"
    if known:
        await here.messages.put([kept(GROUP, author, False)])
    theirs = await find_target(here.resources, SHOP, [str(GROUP)], f"false_{GROUP}_3A1_447700900103@c.us")
    assert theirs == Target(id="3A1", from_me=False, participant=author)
    assert key_in_message(str(GROUP), theirs)["participant"] == author
    ours = await find_target(here.resources, SHOP, [str(GROUP)], f"true_{GROUP}_3A2_447700900101@c.us")
    assert ours == Target(id="3A2", from_me=True)


def test_the_chat_is_the_one_that_was_named_or_that_of_the_whole_id() -> None:
    whole = "true_447700900102@c.us_3A1"
    assert chat_of_target("12132132131@c.us", whole) == "12132132131@c.us"
    assert chat_of_target(None, whole) == str(FRIEND)
    for wrong, field in (("3A1", "chatId"), ("3A 1", "messageId")):
        with pytest.raises(InvalidRequest) as refused:
            chat_of_target(None, wrong)
        assert list(refused.value.errors) == [field]


async def test_a_message_of_another_chat_is_not_found(here: Parts) -> None:
    await here.messages.put([kept(FRIEND, "447700900101@s.whatsapp.net", True)])
    other = ["447700900109@s.whatsapp.net", "98@lid"]
    with pytest.raises(EngineError) as caught:
        await find_target(here.resources, SHOP, other, "3A1")
    assert caught.value.fault is MESSAGE_NOT_FOUND
    # Whose LID that is, nobody knows: it may well be the friend's.
    assert (await find_target(here.resources, SHOP, ["98@lid"], "3A1")).from_me is True


async def test_a_message_that_came_under_the_lid_is_found_by_the_number(here: Parts) -> None:
    await here.messages.put([kept(Jid.parse("99@lid"), "99@lid", False)])
    found = await find_target(here.resources, SHOP, [str(FRIEND), "99@lid"], "3A1")
    assert found == Target(id="3A1", from_me=False)
