"""What members of a group send to us, as it is told; by LID and by number."""

from functools import partial
from pathlib import Path
from typing import Any

import pytest
from tests.network.gateway.test_group_messages import SECOND, Circle, circle
from tests.network.gateway.told import Journal

from waypost.sandbox.act_views import GiveVote, React, Revoke
from waypost.sandbox.group_views import GroupPatch, MembersChange
from waypost.sandbox.views import Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")

US, BEN, ADA = f"{PHONE}@c.us", f"{SECOND}@c.us", f"{CONTACT}@c.us"

__all__ = ["circle"]


@pytest.fixture
def journal(stage: Stage, stage_folder: Path) -> Journal:
    return Journal(stage_folder, stage.instance.id)


async def write(here: Circle, **what: Any) -> str:
    return (await here.stage.control.send(f"+{SECOND}", Send(to=here.group.id, **what))).id


async def test_a_members_text_names_group_and_member(circle: Circle, journal: Journal) -> None:
    group, id = circle.group.id, await write(circle, text="Who comes?")
    told = await journal.one("message.any", lambda one: id in one["id"])
    assert told["id"] == f"false_{group}_{id}_{BEN}"
    assert (told["from"], told["participant"], told["to"]) == (group, BEN, US)
    assert told["participantLid"].endswith("@lid")
    reply = await circle.result(await circle.send("send-text", text="We do", reply_to=told["id"]))
    assert "warnings" not in reply
    seen = await circle.received(CONTACT, reply["key"]["id"])
    assert (seen.quoted_id, seen.quoted_text) == (id, "Who comes?")


async def test_what_a_member_does_with_messages_names_their_authors(circle: Circle, journal: Journal) -> None:
    group = circle.group.id
    ours = (await circle.result(await circle.send("send-text", text="react to me")))["key"]["id"]
    await circle.received(SECOND, ours)
    id = await write(circle, act=React(ours, "👍"))
    told = await journal.one("message.reaction", lambda one: id in one["id"])
    assert told["reaction"] == {"text": "👍", "messageId": f"true_{group}_{ours}_{US}"}
    theirs = await write(circle, text="never mind")
    id = await write(circle, act=Revoke(theirs))
    told = await journal.one("message.revoked", lambda one: id in one["after"]["id"])
    assert told["revokedMessageId"] == f"false_{group}_{theirs}_{BEN}"
    assert told["before"]["body"] == "never mind"


async def test_a_members_vote_on_our_poll_is_opened(circle: Circle, journal: Journal) -> None:
    poll = {"name": "When?", "options": ["Mon", "Tue"]}
    ours = (await circle.result(await circle.send("send-poll", poll=poll)))["key"]["id"]
    await circle.received(SECOND, ours)
    id = await write(circle, act=GiveVote(ours, ["Tue"]))
    told = await journal.one("poll.vote", lambda one: id in one["vote"]["id"])
    assert told["vote"]["selectedOptions"] == ["Tue"]
    assert (told["vote"]["participant"], told["poll"]["fromMe"]) == (BEN, True)


async def test_each_members_receipt_is_told(circle: Circle, journal: Journal) -> None:
    ours = (await circle.result(await circle.send("send-text", text="read me")))["key"]["id"]
    for who in (ADA, BEN):
        told = await journal.one("message.ack", partial(_read_by, who, ours))
        assert told["id"] == f"true_{circle.group.id}_{ours}_{US}"
        assert told["to"] == circle.group.id


def _read_by(who: str, id: str, told: dict[str, Any]) -> bool:
    return id in told["id"] and (told["ack"], told["participant"]) == (3, who)


async def test_what_changes_in_a_group_is_told_once_with_who_did_it(circle: Circle, journal: Journal) -> None:
    group, groups = circle.group.id, circle.stage.control.groups

    async def change(wanted: str) -> dict[str, Any]:
        told = await journal.one("group.update", lambda one: one["id"] == group and wanted in one["changes"])
        assert told["author"] == ADA
        changes: dict[str, Any] = told["changes"]
        return changes

    joined = await change("joined")
    assert {one["id"]: one["role"] for one in joined["participants"]} == {
        US: "member",
        ADA: "superadmin",
        BEN: "member",
    }
    await groups.change(group, GroupPatch(subject="Round", announce=True))
    assert await change("announce") == {"announce": True}
    for action, told in (("promote", "promoted"), ("demote", "demoted"), ("remove", "removed")):
        await groups.members(group, MembersChange(action=action, members=[f"+{SECOND}"]))  # type: ignore[arg-type]
        assert await change(told) == {told: [BEN]}
    seen = [one["changes"] for one in journal.all("group.update") if one["id"] == group]
    assert [one for one in seen if "joined" not in one] == [
        {"subject": "Round"},
        {"announce": True},
        {"promoted": [BEN]},
        {"demoted": [BEN]},
        {"removed": [BEN]},
    ]


async def test_a_members_message_is_told_once_though_the_library_tells_it_twice(
    circle: Circle, journal: Journal
) -> None:
    """The key of a sender comes as an event of its own under the message's id."""
    ids = [await write(circle, text=text) for text in ("one", "two")]
    for id in ids:
        await journal.one("message.any", partial(lambda id, one: id in one["id"], id))
    told = [one["id"] for one in journal.all("message.any") if one["id"].split("_")[2] in ids]
    assert [one.split("_")[2] for one in told] == ids
