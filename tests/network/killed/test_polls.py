"""A poll whose ack nobody saw, because the gateway was killed before it came."""

import pytest
from tests.network.killed.conftest import Town

from waypost.sandbox.act_views import GiveVote
from waypost.sandbox.views import NewFailure, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, until

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_votes_on_it_are_opened_and_named(town: Town) -> None:
    await town.working()
    withheld = await town.control.fail(NewFailure("withhold_ack", times=1))
    last = (await town.control.inbox(f"+{CONTACT}")).last
    poll = {"name": "Lunch?", "options": ["Soup", "Salad", "Cake"], "multipleAnswers": True}
    queued = await town.call("POST", "send-poll", json={"chatId": f"{CONTACT}@c.us", "poll": poll})
    received = await town.control.next_message(f"+{CONTACT}", after=last)
    await town.pair.gateway.kill()
    await town.control.end_failure(withheld.id)
    await town.pair.gateway.start()
    path = f"queued-requests/{queued['queued_request_uuid']}"
    request = await until(lambda: town.call("GET", path), lambda found: found["response_status"] is not None)
    assert (request["response_status"], request["response_body"]["key"]["id"]) == (201, received.id)
    vote = Send(f"+{PHONE}", act=GiveVote(received.id, ["Cake", "Soup"]))
    voted = await town.control.send(f"+{CONTACT}", vote)
    told = await town.journal.one("poll.vote", lambda one: voted.id in one["vote"]["id"])
    assert told["vote"]["selectedOptions"] == ["Soup", "Cake"]
    assert town.journal.all("poll.vote.failed") == []
    assert (await town.control.inbox(f"+{CONTACT}", after=last)).messages[0].times == 1
