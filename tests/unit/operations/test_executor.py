from pathlib import Path

import msgspec
import pytest
from tests.unit.operations.stage import SHOP, Parts, parts

from waypost.errors import NOT_CONNECTED, EngineError
from waypost.operations import WRITES
from waypost.operations.executor import OperationExecutor
from waypost.operations.messages.start_typing import START_TYPING
from waypost.outbox.port import NeverSent, Unknowable, Waiting
from waypost.outbox.request import Request, RequestState, Step

JID = "447700900102@s.whatsapp.net"


@pytest.fixture
async def here(tmp_path: Path) -> Parts:
    return await parts(tmp_path)


def row(operation: str) -> Request:
    return Request(
        uuid="u",
        seq=1,
        instance_id=SHOP,
        operation=operation,
        chat_key=JID,
        state=RequestState.SENDING,
        request=b"{}",
        payload=msgspec.json.encode({"chat": JID, "text": "x"}),
        payload_version=1,
        created_at=0,
        expires_at=1,
        staged=msgspec.json.encode({"jid": JID}),
    )


async def test_what_is_cut_off_is_done_again_when_twice_does_no_harm(here: Parts) -> None:
    executor = OperationExecutor(WRITES, here.resources, lambda _: Waiting("connection"))
    # The store that it began with is gone: of a message nobody could tell what became of it.
    step = Step(number=0, name="x", state="sending", device_jid="1:1@s.whatsapp.net", generation="before")
    assert isinstance(await executor.settle(row("send-text"), step), Unknowable)
    assert isinstance(await executor.settle(row("start-typing"), step), NeverSent)


async def test_an_act_is_told_to_the_network_and_answers_200_without_an_id(here: Parts) -> None:
    one, step = row("start-typing"), Step(number=0, name="act", state="sending")
    payload = START_TYPING.read_payload(one)
    performed = await START_TYPING.perform(here.resources, one, payload, step, [])
    assert (performed.message_id, performed.content) == (None, b"")
    assert here.engine.told == [(SHOP, "chat_presence", JID, "typing")]
    answer = START_TYPING.finish(one, payload, [step])
    assert (answer.status, answer.body) == (200, b'{"result":true}')


async def test_an_act_waits_for_a_connection_like_a_message(here: Parts) -> None:
    here.engine.script.fail("chat_presence", NOT_CONNECTED)
    one, step = row("start-typing"), Step(number=0, name="act", state="sending")
    with pytest.raises(EngineError) as caught:
        await START_TYPING.perform(here.resources, one, START_TYPING.read_payload(one), step, [])
    assert caught.value.fault is NOT_CONNECTED
    assert here.engine.told == []
