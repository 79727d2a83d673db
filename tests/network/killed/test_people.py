"""Who is who, told once by the network."""

import pytest
from tests.network.killed.conftest import Town

from waypost.sandbox.views import Send
from waypost.testing.gateway_stage import CONTACT, PHONE

pytestmark = pytest.mark.asyncio(loop_scope="package")


async def test_a_number_and_its_lid_are_known_after_a_restart(town: Town) -> None:
    await town.working()
    sent = await town.control.send(f"+{CONTACT}", Send(f"+{PHONE}", text="hi"))
    told = await town.journal.one("message.any", lambda one: sent.id in one["id"])
    await town.kill_gateway()
    for address in (told["fromNumber"], told["fromLid"]):
        found = await town.call("GET", "contacts/get", params={"chat_id": address})
        assert (found["data"]["id"], found["data"]["lid"]) == (f"{CONTACT}@c.us", told["fromLid"])
    (chat,) = (await town.call("GET", "chats/get-all"))["data"]
    assert (chat["number"], chat["lid"]) == (f"{CONTACT}@c.us", told["fromLid"])
