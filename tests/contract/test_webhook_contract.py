"""Webhooks as existing clients know them: held as data against what comes to a receiver."""

import json
import sqlite3
from pathlib import Path
from typing import Any, cast

import jsonschema

from waypost.chats.payloads import ACK_NAMES
from waypost.engine.port import MessageUndecrypted
from waypost.engine.supervisor import Supervisor
from waypost.events import FURTHER, GIVEN
from waypost.sandbox.act_views import GiveVote, React, Revoke
from waypost.sandbox.group_views import NewGroup
from waypost.sandbox.views import Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, gateway_stage, until
from waypost.testing.receiver import Received, Receiver, receiving

CONTRACT: dict[str, Any] = json.loads((Path(__file__).parent / "webhooks.json").read_text())
BLIP = (Path(__file__).parents[1] / "audio" / "blip.wav").read_bytes()


def check(received: Received) -> None:
    """What came is as the contract has it, to the letter of its names."""
    jsonschema.validate(received.body, CONTRACT["body"])
    assert set(CONTRACT["headers"]) <= received.headers.keys()
    data = received.body["data"]
    assert received.event == data["event"]
    assert received.headers["x-instanceid"] == data["instanceId"]
    assert received.headers["x-userid"] == data["userId"]
    jsonschema.validate(data["payload"], {"$defs": CONTRACT["$defs"], **CONTRACT["payloads"][received.event]})


def test_the_names_and_numbers_are_those_that_clients_know() -> None:
    assert set(CONTRACT["events"]) == GIVEN
    assert set(CONTRACT["payloads"]) == GIVEN | FURTHER
    assert {name: number for number, name in ACK_NAMES.items()} == CONTRACT["acks"]


async def test_every_event_that_there_is_comes_in_its_shape(tmp_path: Path) -> None:
    """All of them really published: what each needs is done to one instance, and every name must come."""
    async with (
        receiving() as receiver,
        receiving(lambda _: (500, {})) as refusing,
        gateway_stage(tmp_path, webhook_allow=["127.0.0.1"], webhook_retry_seconds=1.0) as stage,
    ):
        hook = {"url": refusing.url, "events": ["queued_request.finished"]}
        given_up = (await call(stage, "POST", "webhooks", hook))["id"]
        everything = {"url": receiver.url, "events": sorted(GIVEN | FURTHER), "secret": "given"}
        await call(stage, "POST", "webhooks", everything)
        await chat(stage, receiver)
        await polls(stage, receiver, tmp_path / "gateway" / "waypost.db")
        await stage.control.call(f"+{CONTACT}", f"+{PHONE}")
        members = [f"+{PHONE}"]
        await stage.control.groups.create(NewGroup(subject="Round", owner=f"+{CONTACT}", members=members))
        await undecrypted(stage)
        for name in ("call.offer", "group.update", "message.waiting", "queued_request.finished"):
            await receiver.until(1, name)
        disabled = await receiver.until(1, "webhook.disabled")
        assert disabled[0].payload["webhook_id"] == given_up
        await call(stage, "POST", "logout", {})
        await call(stage, "POST", "request-new-qr-code", {})
        await receiver.until(1, "instance.qr")
        await receiver.until(1, "instance.status")
    for received in receiver.came:
        check(received)
        assert received.headers["authorization"] == "given"
    assert {received.event for received in receiver.came} == GIVEN | FURTHER


async def chat(stage: Stage, receiver: Receiver) -> None:
    """Messages both ways, and what becomes of them."""
    theirs = await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", text="hello"))
    answer = await stage.http.post(
        f"{stage.instance.base}/send-voice",
        headers={**stage.instance.headers, "Prefer": "wait=20"},
        data={"chatId": CONTACT},
        files={"file": ("a.wav", BLIP)},
    )
    key = answer.json()["response_body"]["key"]["id"]
    for act in (React(key, "+"), Revoke(theirs.id)):
        await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", act=act))
    await stage.control.does(f"+{CONTACT}", "composing", f"+{PHONE}")
    for name in ("message.any", "message.ack", "message.reaction", "message.revoked", "presence.update"):
        await receiver.until(1, name)


async def polls(stage: Stage, receiver: Receiver, database: Path) -> None:
    """A vote that can be opened, and one on a poll that is forgotten by then."""
    poll = {"name": "Lunch?", "options": ["Soup", "Salad"]}
    sent = await call(stage, "POST", "send-poll", {"chatId": f"{CONTACT}@c.us", "poll": poll})
    key = sent["response_body"]["key"]["id"]

    async def arrived() -> bool:
        return any(one.id == key for one in (await stage.control.inbox(f"+{CONTACT}", 0, 0)).messages)

    await until(arrived, bool)
    await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", act=GiveVote(key, ["Soup"])))
    (vote, *_) = await receiver.until(1, "poll.vote")
    assert vote.payload["vote"]["selectedOptions"] == ["Soup"]
    with sqlite3.connect(database) as connection:
        connection.execute("DELETE FROM messages WHERE message_id = ?", (key,))
    connection.close()
    await stage.control.send(f"+{CONTACT}", Send(f"+{PHONE}", act=GiveVote(key, ["Salad"])))
    await receiver.until(1, "poll.vote.failed")


async def undecrypted(stage: Stage) -> None:
    """The engine's word for a message that can't be read yet, where the engine's words are heard."""
    house = cast("Supervisor", stage.gateway.engine)._house
    them = f"{CONTACT}@s.whatsapp.net"
    event = MessageUndecrypted(
        instance_id=stage.instance.id,
        at=1_700_000_000.0,
        key="waiting:3EB0AA",
        message_id="3EB0AA",
        chat=them,
        sender=them,
        sender_alt=None,
        from_me=False,
        timestamp=1_700_000_000,
    )
    await house.sink.deliver([event])


async def call(stage: Stage, method: str, path: str, body: Any) -> Any:
    headers = {**stage.instance.headers, "Prefer": "wait=20"}
    answer = await stage.http.request(method, f"{stage.instance.base}/{path}", headers=headers, json=body)
    assert answer.status_code == 200, answer.text
    return answer.json()
