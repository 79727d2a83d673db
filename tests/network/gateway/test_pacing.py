"""Pacing as a caller sees it: who waits, why and until when, and who does not."""

import asyncio
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from waypost.sandbox.views import NewContact, Send
from waypost.testing.gateway_stage import PairedInstance, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

BLIP = (Path(__file__).parents[2] / "audio" / "blip.wav").read_bytes()
FREE = {
    "enabled": True,
    "gap_seconds": 0,
    "per_minute": 0,
    "per_day": 0,
    "first_contacts": 0,
    "warm_up_days": 0,
    "show_seconds": 0,
}


async def paced(stage: Stage, phone: str, pacing: dict[str, Any]) -> PairedInstance:
    """An instance of its own with these rules."""
    who = await stage.pair(f"paced-{phone}", phone)
    changed = await stage.http.patch(who.base, headers=who.headers, json={"pacing": pacing})
    assert changed.status_code == 200, changed.text
    assert changed.json()["pacing"] == pacing
    return who


async def contact(stage: Stage, number: str) -> str:
    await stage.control.add_contact(NewContact(f"+{number}", number, delivered_after=0.0))
    return f"{number}@c.us"


async def shown(stage: Stage, who: PairedInstance, answer: Any) -> dict[str, Any]:
    found: dict[str, Any] = (
        await stage.http.get(answer.json()["queued_request_link"], headers=who.headers)
    ).json()
    return found


async def waits(stage: Stage, who: PairedInstance, answer: Any) -> dict[str, Any]:
    """The request once it says what it waits for."""
    answer.raise_for_status()
    found: dict[str, Any] = await until(
        lambda: shown(stage, who, answer), lambda one: one["waiting_for"] is not None
    )
    return found


async def test_a_reply_with_all_defaults_is_sent_within_five_seconds(stage: Stage) -> None:
    who = await paced(stage, "447700900701", {"enabled": True})
    ada = await contact(stage, "447700900711")
    wrote = await stage.control.send("+447700900711", Send(to=f"+{who.phone}", text="Is it ready?"))

    async def arrived() -> str:
        return (await stage.control.sent("+447700900711", wrote.id)).status

    await until(arrived, lambda status: status != "sent")
    for _ in range(3):
        started = time.monotonic()
        answer = await stage.send_voice(BLIP, instance=who, chatId=ada)
        assert (await stage.finished(answer, who))["response_status"] == 201
        assert time.monotonic() - started < 5.0


async def test_with_all_defaults_what_waits_longer_says_why(stage: Stage) -> None:
    who = await paced(stage, "447700900706", {"enabled": True})
    chats = [await contact(stage, f"44770090076{n}") for n in range(2)]
    answers = [
        await stage.http.post(
            f"{who.base}/send-text", headers=who.headers, json={"chatId": chat, "text": "Hello! " * 12}
        )
        for chat in chats
    ]
    told = await asyncio.gather(*(waits(stage, who, answer) for answer in answers))
    assert [one["waiting_for"] for one in told] == ["typing", "pacing"]
    assert all(one["response_status"] is None for one in told)
    assert all(datetime.fromisoformat(one["next_attempt_at"]) > datetime.now(UTC) for one in told)
    (await stage.http.delete(who.base, headers=stage.admin)).raise_for_status()


async def test_beyond_the_budget_a_new_chat_waits_until_tomorrow_or_until_they_write(stage: Stage) -> None:
    who = await paced(stage, "447700900702", {**FREE, "first_contacts": 1})
    first, second = [await contact(stage, f"44770090072{n}") for n in range(2)]
    begun = datetime.now(UTC)
    assert (await stage.finished(await stage.send_voice(BLIP, instance=who, chatId=first), who))[
        "status"
    ] == "sent"
    answer = await stage.send_voice(BLIP, instance=who, chatId=second)
    told = await waits(stage, who, answer)
    assert (told["waiting_for"], told["error"]["code"]) == ("first_contact", "first_contact")
    at = datetime.fromisoformat(told["next_attempt_at"])
    assert timedelta(hours=24) <= at - begun < timedelta(hours=24, minutes=1)
    await stage.control.send("+447700900721", Send(to=f"+{who.phone}", text="Hello?"))
    assert (await stage.finished(answer, who))["response_status"] == 201


async def test_a_new_chat_sees_recording_before_its_first_note_only(stage: Stage) -> None:
    who = await paced(stage, "447700900703", {**FREE, "show_seconds": 1})
    ada = await contact(stage, "447700900731")
    started = time.monotonic()
    await stage.finished(await stage.send_voice(BLIP, instance=who, chatId=ada), who)
    assert time.monotonic() - started >= 1.0
    assert await _recordings(stage, who.phone) == 1
    await stage.finished(await stage.send_voice(BLIP, instance=who, chatId=ada), who)
    assert await _recordings(stage, who.phone) == 1


async def test_a_safe_text_is_typed_before_it_comes_in_an_open_chat_too(stage: Stage) -> None:
    who = await paced(stage, "447700900705", {"enabled": False})
    bob = await contact(stage, "447700900751")
    body = {"chatId": bob, "text": "Half past nine"}
    for times in (1, 2):
        started = time.monotonic()
        answer = await stage.http.post(f"{who.base}/send-text-safe", headers=who.headers, json=body)
        found = await stage.finished(answer, who)
        assert found["response_body"]["message"] == {"extendedTextMessage": {"text": "Half past nine"}}
        assert time.monotonic() - started >= 1.4
        assert await _recordings(stage, who.phone) == times


async def test_a_safe_text_reads_what_they_wrote_before_it_is_typed(stage: Stage) -> None:
    who = await paced(stage, "447700900707", {"enabled": False})
    eve = await contact(stage, "447700900771")
    wrote = await stage.control.send("+447700900771", Send(to=f"+{who.phone}", text="When?"))

    async def status() -> str:
        return (await stage.control.sent("+447700900771", wrote.id)).status

    await until(status, lambda found: found == "delivered")
    body = {"chatId": eve, "text": "A long answer. " * 3}
    answer = await stage.http.post(f"{who.base}/send-text-safe", headers=who.headers, json=body)
    await until(status, lambda found: found == "read")
    assert (await shown(stage, who, answer))["waiting_for"] == "typing"
    assert (await stage.control.inbox("+447700900771")).messages == []
    assert (await stage.finished(answer, who))["status"] == "sent"


async def _recordings(stage: Stage, phone: str) -> int:
    lines = await stage.control.log(1000)
    return sum("chatstate" in line.what and phone in line.device for line in lines)


async def test_other_rules_hold_at_once_and_none_given_are_the_gateway_s(stage: Stage) -> None:
    who = await paced(stage, "447700900704", {**FREE, "per_minute": 1})
    first, second = [await contact(stage, f"44770090074{n}") for n in range(2)]
    await stage.finished(await stage.send_voice(BLIP, instance=who, chatId=first), who)
    held = await stage.send_voice(BLIP, instance=who, chatId=second)
    assert (await waits(stage, who, held))["waiting_for"] == "minute_cap"
    # The sandbox is not paced unless somebody wants it.
    changed = await stage.http.patch(who.base, headers=who.headers, json={"pacing": {}})
    assert changed.json()["pacing"] == {}
    assert (await stage.finished(held, who))["status"] == "sent"


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "caption_as_text"),
        ({"pacing": {"per_day": -1}}, "pacing"),
        ({"when_unknown": "guess"}, "when_unknown"),
    ],
)
async def test_a_change_that_is_none_or_wrong_is_told_at_its_field(
    stage: Stage, body: dict[str, Any], field: str
) -> None:
    who = stage.instance
    answer = await stage.http.patch(who.base, headers=who.headers, json=body)
    assert answer.status_code == 422
    assert list(answer.json()["errors"]) == [field]
