"""What a call has sent is told, whenever the gateway is killed."""

from dataclasses import replace
from pathlib import Path

import pytest
from tests.network.killed.conftest import Town

from waypost.sandbox.views import NewFailure
from waypost.testing.gateway_stage import CONTACT, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

BLIP = (Path(__file__).parents[2] / "audio" / "blip.wav").read_bytes()


async def test_it_is_told_once_when_the_gateway_dies_between_its_end_and_the_telling(town: Town) -> None:
    gateway, journal = town.pair.gateway, town.journal
    await gateway.kill()
    mute = replace(gateway, program="waypost.testing.mute")
    await mute.start()
    try:
        await town.working()
        sent = await town.call(
            "POST",
            "send-voice",
            headers={"Prefer": "wait=20"},
            data={"chatId": CONTACT, "caption": "and this"},
            files={"file": ("a.wav", BLIP)},
        )
        body = sent["response_body"]
        ids = [body["key"]["id"], body["caption_message"]["key"]["id"]]
        assert [one["uuid"] for one in journal.all("queued_request.finished")].count(sent["uuid"]) == 1
        assert not any(id in one["id"] for one in journal.all("message.any") for id in ids)
    finally:
        await mute.kill()
        await gateway.start()
    await journal.one("message.ack", lambda one: ids[1] in one["id"] and one["ack"] == 1)
    told = [one for one in journal.all("message.any") if any(id in one["id"] for id in ids)]
    assert [one["id"] for one in told] == [f"true_{CONTACT}@c.us_{id}" for id in ids]
    assert told[0]["media"]["url"]
    acks = [one["id"] for one in journal.all("message.ack") if one["ack"] == 1]
    assert [acks.count(one["id"]) for one in told] == [1, 1]


async def test_a_note_whose_ack_nobody_saw_is_told_with_its_file(town: Town) -> None:
    await town.working()
    withheld = await town.control.fail(NewFailure("withhold_ack", times=1))
    last = (await town.control.inbox(f"+{CONTACT}")).last
    files = {"file": ("a.wav", BLIP)}
    queued = await town.call("POST", "send-voice", data={"chatId": CONTACT}, files=files)
    received = await town.control.next_message(f"+{CONTACT}", after=last)
    await town.pair.gateway.kill()
    await town.control.end_failure(withheld.id)
    await town.pair.gateway.start()
    path = f"queued-requests/{queued['queued_request_uuid']}"
    request = await until(lambda: town.call("GET", path), lambda found: found["response_status"] is not None)
    assert request["response_body"]["key"]["id"] == received.id
    told = await town.journal.one("message.any", lambda one: received.id in one["id"])
    assert (told["type"], told["source"], told["media"]["error"]) == ("voice", "api", None)
    assert told["media"]["url"]
    assert (told["media"]["seconds"], len(told["media"]["waveform"])) == (1, 88)
