"""The Python client against a running gateway."""

import asyncio
from pathlib import Path

import pytest

from waypost.client import (
    AsyncWaypost,
    Invalid,
    NotFinished,
    NotFound,
    RequestFailed,
    Unauthenticated,
    Waypost,
)
from waypost.client.async_instance import AsyncInstance
from waypost.client.calls import send_text
from waypost.testing.gateway_stage import CONTACT, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

GREETING = Path(__file__).parents[2] / "audio" / "greeting.mp3"


@pytest.fixture
def instance(stage: Stage) -> AsyncInstance:
    return stage.client


@pytest.mark.parametrize("as_bytes", [True, False])
async def test_a_file_is_sent_and_waited_for(instance: AsyncInstance, stage: Stage, as_bytes: bool) -> None:
    source = GREETING.read_bytes() if as_bytes else GREETING
    note = await (await instance.send_voice(CONTACT, source, caption="Listen")).wait(20)
    assert note.result.message.audioMessage.seconds > 0
    assert len(note.result.message.audioMessage.waveform) == 64
    inbox = await until(
        lambda: stage.inbox(),
        lambda found: any(one.id == note.result.key.id for one in found.messages),
    )
    (arrived,) = [one for one in inbox.messages if one.id == note.result.key.id]
    assert (arrived.type, arrived.media) == ("audio", "ok")


async def test_a_program_that_waits_does_the_same(stage: Stage, recordings: str) -> None:
    def send() -> str:
        with Waypost(stage.gateway.url, stage.instance.token) as waypost:
            queued = waypost.instance(stage.instance.id).send_voice(CONTACT, f"{recordings}/blip.wav")
            return queued.wait(20).result.key.id

    message_id = await asyncio.to_thread(send)
    inbox = await until(
        lambda: stage.inbox(),
        lambda found: any(one.id == message_id for one in found.messages),
    )
    assert inbox.messages


async def test_the_same_key_is_the_same_request(instance: AsyncInstance) -> None:
    call = send_text(CONTACT, "once")
    first = await instance.send(call, idempotency_key="client-once")
    second = await instance.send(call, idempotency_key="client-once")
    assert first.uuid == second.uuid


async def test_reads_answer_types(instance: AsyncInstance, stage: Stage) -> None:
    health = await instance.health()
    assert (health.status, health.instance_id) == ("WORKING", stage.instance.id)
    page = await instance.list_queued_requests(limit="1")
    assert len(page.data) == 1


async def test_what_is_refused_raises_what_it_is(instance: AsyncInstance, stage: Stage) -> None:
    with pytest.raises(Invalid) as wrong:
        await instance.send_text("nobody", "x")
    assert set(wrong.value.errors) == {"chatId"}
    with pytest.raises(NotFound, match="Queued request not found"):
        await instance.get_queued_request("no-such")
    stranger = AsyncWaypost(stage.gateway.url, "1|wrong", stage.http)
    with pytest.raises(Unauthenticated):
        await stranger.instances()


async def test_what_fails_later_is_raised_where_it_is_waited_for(instance: AsyncInstance) -> None:
    queued = await instance.send_text("447700900196", "nobody is there")
    with pytest.raises(RequestFailed) as failed:
        await queued.wait(20)
    assert (failed.value.code, failed.value.uuid) == ("not_on_whatsapp", queued.uuid)


async def test_a_wait_that_is_too_short_says_so(stage: Stage) -> None:
    made = await stage.create("client-waits", "447700900178")
    waypost = AsyncWaypost(stage.gateway.url, made["access_token"], stage.http)
    queued = await waypost.instance(made["id"]).send_text(CONTACT, "later")
    with pytest.raises(NotFinished):
        await queued.wait(0.2)
    with pytest.raises(TimeoutError):
        await queued.wait(0)
