"""Webhooks as existing clients know them: held as data against what comes to a receiver."""

import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from waypost.address import Jid
from waypost.chats.payloads import ACK_NAMES, Parties, Party, message_waiting, poll_vote
from waypost.events import GIVEN
from waypost.instances.messages import Message
from waypost.sandbox.views import Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, gateway_stage
from waypost.testing.receiver import Received, receiving

CONTRACT: dict[str, Any] = json.loads((Path(__file__).parent / "webhooks.json").read_text())


def check(received: Received) -> None:
    """What came is as the contract has it, to the letter of its names."""
    jsonschema.validate(received.body, CONTRACT["body"])
    assert set(CONTRACT["headers"]) <= received.headers.keys()
    data = received.body["data"]
    assert received.event == data["event"]
    assert received.headers["x-instanceid"] == data["instanceId"]
    assert received.headers["x-userid"] == data["userId"]
    jsonschema.validate(data["payload"], CONTRACT["payloads"][received.event])


def test_the_names_and_numbers_are_those_that_clients_know() -> None:
    assert set(CONTRACT["events"]) == GIVEN
    assert {name: number for number, name in ACK_NAMES.items()} == CONTRACT["acks"]


async def test_what_happens_in_a_chat_comes_as_the_contract_has_it(tmp_path: Path) -> None:
    async with (
        receiving() as receiver,
        gateway_stage(tmp_path, webhook_allow=["127.0.0.1"]) as stage,
    ):
        await call(stage, "POST", "webhooks", {"url": receiver.url, "secret": "given"})
        theirs = await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", text="hello"))
        await receiver.until(1, "message.any")
        chat = f"{CONTACT}@c.us"
        ours = await call(stage, "POST", "send-text", {"chatId": chat, "text": "hello you"})
        await receiver.until(1, "message.ack")
        whole = f"false_{chat}_{theirs.id}"
        await call(stage, "PUT", "react-to-message", {"messageId": whole, "reaction": "+"})
        await receiver.until(1, "message.reaction")
        key = ours["response_body"]["key"]
        query = f"delete-message?chatId={chat}&messageId={key['id']}"
        await call(stage, "DELETE", query, None)
        await receiver.until(1, "message.revoked")
        await stage.control.does(f"+{CONTACT}", "composing", f"+{PHONE}")
        await receiver.until(1, "presence.update")
    for received in receiver.came:
        check(received)
        assert received.headers["authorization"] == "given"
    assert {received.event for received in receiver.came} == {
        "message.any",
        "message.ack",
        "message.reaction",
        "message.revoked",
        "presence.update",
    }


async def call(stage: Stage, method: str, path: str, body: Any) -> Any:
    headers = {**stage.instance.headers, "Prefer": "wait=20"}
    answer = await stage.http.request(method, f"{stage.instance.base}/{path}", headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()


@pytest.mark.parametrize("selected", [["one"], []])
def test_votes_and_what_can_not_be_read_yet_are_told_as_the_contract_has_it(selected: list[str]) -> None:
    own = Party(number=Jid.parse(f"{PHONE}@s.whatsapp.net"))
    them = Party(number=Jid.parse(f"{CONTACT}@s.whatsapp.net"))
    parties = Parties(own=own, chat=them, sender=them)
    message = Message(
        instance_id="i",
        message_id="3EB0AA",
        chat=f"{CONTACT}@s.whatsapp.net",
        sender=f"{CONTACT}@s.whatsapp.net",
        from_me=False,
        timestamp=1_700_000_000,
        content=b"",
    )
    vote = poll_vote(message, parties, "3EB0BB", own, selected, 1_700_000_000_000)
    jsonschema.validate(vote, CONTRACT["payloads"]["poll.vote"])
    waiting = message_waiting("3EB0AA", False, parties)
    jsonschema.validate(waiting, CONTRACT["payloads"]["message.waiting"])
