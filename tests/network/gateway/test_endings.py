"""Every way a send can end or wait, provoked by failures of the network: one code and status each."""

import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from tests.network.gateway.told import Journal

from waypost.sandbox.views import NewContact, NewFailure
from waypost.testing.gateway_stage import PairedInstance, Stage, gateway_stage, until

pytestmark = pytest.mark.asyncio(loop_scope="module")

BLIP = (Path(__file__).parents[2] / "audio" / "blip.wav").read_bytes()
EXPIRES = 5.0


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the gateway keeps everything."""
    return tmp_path_factory.mktemp("endings")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def here(folder: Path) -> AsyncIterator[Stage]:
    """A gateway whose requests expire while somebody looks on."""
    async with gateway_stage(folder, expires_seconds=EXPIRES, fetch_allow=["127.0.0.1"]) as stage:
        yield stage


@asynccontextmanager
async def failing(stage: Stage, failure: NewFailure) -> AsyncIterator[None]:
    injected = await stage.control.fail(failure)
    try:
        yield
    finally:
        await stage.control.end_failure(injected.id)


async def waits(stage: Stage, who: PairedInstance, answer: Any, code: str) -> dict[str, Any]:
    async def look() -> Any:
        return (await stage.http.get(answer.json()["queued_request_link"], headers=who.headers)).json()

    found: dict[str, Any] = await until(look, lambda one: one["waiting_for"] == code)
    return found


async def away(stage: Stage, phone: str, kind: Any, **more: Any) -> PairedInstance:
    """An instance that the network turns away, with `kind` as the reason."""
    who = await stage.pair(f"{kind}-{phone}", phone)
    await stage.control.fail(NewFailure(kind, phone=f"+{phone}", **more))
    await stage.http.post(f"{who.base}/restart", headers=who.headers)
    await stage.status(who, "FAILED")
    return who


async def health(stage: Stage, who: PairedInstance) -> dict[str, Any]:
    found: dict[str, Any] = (await stage.http.get(f"{who.base}/health", headers=who.headers)).json()
    return found


async def test_while_new_chats_are_refused_they_park_and_end_with_423_and_known_chats_go_on(
    here: Stage, folder: Path
) -> None:
    who = await here.pair("restricted", "447700900804")
    assert (await here.finished(await here.send_voice(BLIP, instance=who), who))["status"] == "sent"
    new = ["447700900811", "447700900812"]
    for number in new:
        await here.control.add_contact(NewContact(f"+{number}", number))
    rules = [NewFailure("refuse_message", contact=f"+{number}", code=463) for number in new]
    async with failing(here, rules[0]), failing(here, rules[1]):
        parked = await here.send_voice(BLIP, instance=who, chatId=f"{new[0]}@c.us")
        told = await waits(here, who, parked, "restriction")
        assert told["next_attempt_at"] is not None
        assert told["error"]["code"] == "restricted"
        assert told["next_attempt_at"] in told["error"]["message"]
        behind = await here.send_voice(BLIP, instance=who, chatId=f"{new[1]}@c.us")
        assert (await waits(here, who, behind, "restriction"))["next_attempt_at"] == told["next_attempt_at"]
        assert (await here.finished(await here.send_voice(BLIP, instance=who), who))["status"] == "sent"
        for answer in (parked, behind):
            ended = await here.finished(answer, who)
            assert (ended["response_status"], ended["error"]["code"]) == (423, "restricted")
            assert ended["response_body"]["until"] == told["next_attempt_at"]
        # One had its id when the server refused it; the other never came so far.
        journal = Journal(folder, who.id)
        refused = await journal.one("message.ack", lambda one: one["ack"] == -1)
        assert (refused["to"], refused["ackName"]) == (f"{new[0]}@c.us", "ERROR")
        assert sum(one["ack"] == -1 for one in journal.all("message.ack")) == 1


async def test_a_banned_account_s_requests_say_until_when_and_end_with_423(here: Stage) -> None:
    who = await away(here, "447700900801", "ban", seconds=3600.0)
    answer = await here.send_voice(BLIP, instance=who)
    told = await waits(here, who, answer, "restriction")
    assert told["next_attempt_at"] == (await health(here, who))["until"]
    ended = await here.finished(answer, who)
    assert (ended["response_status"], ended["error"]["code"]) == (423, "banned")
    assert ended["response_body"]["until"] == told["next_attempt_at"]


async def test_an_outdated_engine_says_how_to_upgrade_and_its_requests_wait_until_they_expire(
    here: Stage,
) -> None:
    who = await away(here, "447700900802", "outdated")
    found = await health(here, who)
    assert (found["reason"], "make serve" in found["reason_message"]) == ("outdated", True)
    answer = await here.send_voice(BLIP, instance=who)
    await waits(here, who, answer, "client_outdated")
    ended = await here.finished(answer, who)
    assert (ended["response_status"], ended["error"]["code"]) == (500, "expired")
    assert "client_outdated" in ended["error"]["message"]


async def test_a_logged_out_instance_s_requests_wait_for_a_pairing_and_expire(here: Stage) -> None:
    who = await away(here, "447700900803", "logged_out")
    answer = await here.send_voice(BLIP, instance=who)
    assert (await health(here, who))["reason"] == "logged_out"
    await waits(here, who, answer, "pairing")
    ended = await here.finished(answer, who)
    assert (ended["response_status"], ended["error"]["code"]) == (500, "expired")


@pytest.mark.parametrize(
    ("failure", "code"),
    [
        (NewFailure("refuse_message", code=429, times=1), "rate_limited"),
        (NewFailure("refuse_message", code=479, times=1), "server_refused"),
        (NewFailure("failing_media", direction="upload", code=500, times=1), "media_upload_failed"),
    ],
)
async def test_what_may_pass_is_tried_again_and_says_why(here: Stage, failure: NewFailure, code: str) -> None:
    async with failing(here, failure):
        answer = await here.send_voice(BLIP)
        told = await waits(here, here.instance, answer, "retry")
        assert (told["error"]["code"], told["error"]["retryable"]) == (code, True)
        assert told["next_attempt_at"] is not None
        ended = await here.finished(answer)
        assert (ended["response_status"], ended["attempts"]) == (201, 1)


async def test_a_number_that_is_not_on_whatsapp_is_asked_about_before_anything_is_sent(here: Stage) -> None:
    before = await here.control.stats()
    ended = await here.finished(await here.send_voice(BLIP, chatId="447700900899@c.us"))
    assert (ended["response_status"], ended["error"]["code"]) == (404, "not_on_whatsapp")
    assert (await here.control.stats()).counts.get("messages") == before.counts.get("messages")


async def test_a_url_that_does_not_answer_ends_as_unreachable(here: Stage) -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/a.mp3"
        told = await waits(here, here.instance, await here.send_voice(url=url), "retry")
    assert (told["error"]["code"], told["error"]["retryable"]) == ("url_unreachable", True)
