"""Messages to groups and from them: every member decrypts what is sent, and what members send arrives."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any, Literal

import pytest
import pytest_asyncio
from httpx import Response
from tests.network.gateway.conftest import AUDIO

from waypost.sandbox.group_views import GroupView, MembersChange, NewGroup
from waypost.sandbox.views import ContactPatch, InboxMessage, NewContact, Send
from waypost.testing.gateway_stage import CONTACT, Stage, until

pytestmark = pytest.mark.asyncio(loop_scope="package")

SECOND = "447700900103"


@dataclass(frozen=True)
class Circle:
    """A group of the instance and two contacts, that one of them owns."""

    stage: Stage
    group: GroupView

    async def send(self, operation: str, **fields: Any) -> Response:
        instance = self.stage.instance
        body = {"chatId": self.group.id, **fields}
        return await self.stage.http.post(f"{instance.base}/{operation}", headers=instance.headers, json=body)

    async def result(self, answer: Response) -> dict[str, Any]:
        request = await self.stage.finished(answer)
        assert (request["response_status"], request["status"]) == (201, "sent"), request
        found: dict[str, Any] = request["response_body"]
        assert found["key"]["remoteJid"] == self.group.id
        return found

    async def received(self, phone: str, id: str) -> InboxMessage:
        async def look() -> InboxMessage | None:
            inbox = await self.stage.control.inbox(f"+{phone}", 0, 0)
            return next((one for one in inbox.messages if one.id == id), None)

        found: InboxMessage = await until(look, lambda one: one is not None)
        assert found.times == 1
        assert found.group == self.group.id
        return found

    async def status(self, answer: Response, wanted: str) -> dict[str, Any]:
        async def look() -> dict[str, Any]:
            return await self.stage.finished(answer)

        found: dict[str, Any] = await until(look, lambda one: one["response_body"]["status"] == wanted)
        return found


@pytest_asyncio.fixture(loop_scope="package", params=["lid", "pn"])
async def circle(stage: Stage, request: pytest.FixtureRequest) -> AsyncIterator[Circle]:
    await stage.control.add_contact(
        NewContact(f"+{SECOND}", "Ben", delivered_after=0.0, read_after=0.05, played_after=0.1)
    )
    addressing: Literal["lid", "pn"] = request.param
    group = await stage.control.groups.create(
        NewGroup(
            subject="Circle",
            owner=f"+{CONTACT}",
            members=[f"+{SECOND}", f"+{stage.instance.phone}"],
            addressing=addressing,
        )
    )
    yield Circle(stage, group)
    await stage.control.groups.remove(group.id)


async def test_a_text_to_a_group_is_decrypted_by_every_member(circle: Circle) -> None:
    result = await circle.result(await circle.send("send-text", text="Hello all"))
    for phone in (CONTACT, SECOND):
        assert (await circle.received(phone, result["key"]["id"])).text == "Hello all"


async def test_a_voice_note_to_a_group_is_played_by_every_member(circle: Circle) -> None:
    note = (AUDIO / "greeting.mp3").read_bytes()
    answer = await circle.stage.send_voice(note, chatId=circle.group.id, caption="Listen")
    result = await circle.result(answer)
    for phone in (CONTACT, SECOND):
        heard = await circle.received(phone, result["key"]["id"])
        assert heard.audio is not None
        assert (heard.audio.ptt, heard.media) == (True, "ok")
        caption = await circle.received(phone, result["caption_message"]["key"]["id"])
        assert (caption.text, caption.quoted_id) == ("Listen", result["key"]["id"])
    await circle.status(answer, "PLAYED")


async def test_a_group_message_is_as_far_as_its_least_advanced_member(circle: Circle) -> None:
    await circle.stage.control.change_contact(f"+{SECOND}", ContactPatch(read_after=None))
    answer = await circle.send("send-text", text="Read this")
    result = await circle.result(answer)
    await circle.received(SECOND, result["key"]["id"])
    request = await circle.status(answer, "DELIVERED")

    async def told() -> dict[str, str]:
        request = await circle.stage.finished(answer)
        return {one["participant"]: one["status"] for one in request["participants"]}

    await until(told, lambda told: sorted(told.values()) == ["DELIVERED", "READ"])
    assert request["message_status"] == "DELIVERED"


async def test_a_member_who_says_nothing_holds_the_status_of_a_message(circle: Circle) -> None:
    await circle.stage.control.change_contact(
        f"+{SECOND}", ContactPatch(delivered_after=None, read_after=None)
    )
    answer = await circle.send("send-text", text="Anybody?")
    await circle.result(answer)

    async def told() -> list[str]:
        return [one["status"] for one in (await circle.stage.finished(answer))["participants"]]

    await until(told, lambda told: told == ["READ"])
    await circle.status(answer, "SENT")


async def test_a_member_writes_to_the_group_and_a_reply_quotes_it(circle: Circle) -> None:
    wrote = await circle.stage.control.send(f"+{SECOND}", Send(to=circle.group.id, text="Who comes?"))

    async def reply() -> dict[str, Any]:
        return await circle.result(await circle.send("send-text", text="We do", reply_to=wrote.id))

    result = await until(reply, lambda one: "warnings" not in one)
    seen = await circle.received(CONTACT, result["key"]["id"])
    assert (seen.quoted_id, seen.quoted_text) == (wrote.id, "Who comes?")
    ada = await circle.received(CONTACT, wrote.id)
    assert (ada.text, ada.sender) == ("Who comes?", f"+{SECOND}")


async def test_a_member_that_lost_its_keys_gets_the_message_again(circle: Circle) -> None:
    await circle.result(await circle.send("send-text", text="First"))
    await circle.stage.control.change_contact(f"+{SECOND}", ContactPatch(forget_sessions=True))
    result = await circle.result(await circle.send("send-text", text="Second"))
    assert (await circle.received(SECOND, result["key"]["id"])).text == "Second"


async def test_who_was_removed_gets_nothing_more(circle: Circle) -> None:
    await circle.result(await circle.send("send-text", text="Before"))
    await circle.stage.control.groups.members(
        circle.group.id, MembersChange(action="remove", members=[f"+{SECOND}"])
    )
    result = await circle.result(await circle.send("send-text", text="After"))
    await circle.received(CONTACT, result["key"]["id"])
    inbox = await circle.stage.control.inbox(f"+{SECOND}", 0, 0)
    assert result["key"]["id"] not in [one.id for one in inbox.messages]


async def test_a_message_to_a_group_that_we_are_not_in_fails_with_a_reason(circle: Circle) -> None:
    await circle.stage.control.groups.members(
        circle.group.id, MembersChange(action="remove", members=[f"+{circle.stage.instance.phone}"])
    )
    request = await circle.stage.finished(await circle.send("send-text", text="Still there?"))
    assert (request["response_status"], request["error"]["code"]) == (404, "group_not_found")
