"""Conversations and voice notes on the dashboard, as its pages show and send them."""

import base64
import re
from collections.abc import AsyncIterator
from html import unescape
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio
from tests.network.gateway.test_group_messages import SECOND, Circle, circle

from waypost.sandbox.act_views import Act, Edit, GiveVote, React, Revoke
from waypost.sandbox.views import NewContact, Send
from waypost.testing.dashboard import Visitor
from waypost.testing.gateway_stage import Stage, until
from waypost.voice.verify import verify

from .conftest import AUDIO

__all__ = ["circle"]

pytestmark = pytest.mark.asyncio(loop_scope="package")

EVA, EVA_CHAT = "+447700900321", "447700900321@c.us"
GREETING = (AUDIO / "greeting.mp3").read_bytes()


@pytest_asyncio.fixture(scope="module", loop_scope="package")
async def visitor(stage: Stage) -> AsyncIterator[Visitor]:
    """Signed in with the instance's own token; Eva is a contact who tells nothing by herself."""
    await stage.control.add_contact(NewContact(EVA, "Eva"))
    async with Visitor(stage.gateway.url) as here:
        assert (await here.sign_in(stage.instance.token)).status_code == 303
        yield here


class Page:
    """The pages of the stage's instance, for a visitor."""

    def __init__(self, stage: Stage, visitor: Visitor) -> None:
        self.stage, self.visitor = stage, visitor
        self.base = f"/instances/{stage.instance.id}"

    async def text(self, path: str) -> str:
        """A page as people read it: without its tags."""
        html = await self.html(path)
        return re.sub(r"\s+", " ", unescape(re.sub(r"<[^>]+>", " ", html)))

    async def html(self, path: str) -> str:
        answer = await self.visitor.get(self.base + path)
        assert answer.status_code == 200, answer.text
        return answer.text

    async def post(
        self, path: str, content: bytes | None = None, *, secret: str | None = None, **more: Any
    ) -> Any:
        """Post a body of any kind, as the page's scripts do."""
        headers = {"X-Form-Secret": secret or self.visitor.form_secret, "Origin": self.stage.gateway.url}
        return await self.visitor.http.post(self.base + path, headers=headers, content=content, **more)

    async def until(self, path: str, words: str) -> str:
        """Look until a page says that."""

        async def look() -> str:
            return await self.text(path)

        found: str = await until(look, lambda found: words in found)
        return found


@pytest.fixture
def page(stage: Stage, visitor: Visitor) -> Page:
    return Page(stage, visitor)


async def write(stage: Stage, text: str | None = None, act: Act | None = None) -> str:
    """Let Eva write; the id."""
    return (await stage.control.send(EVA, Send(f"+{stage.instance.phone}", text=text, act=act))).id


async def call(stage: Stage, operation: str, **fields: Any) -> dict[str, Any]:
    """A call of the API, and what became of it."""
    headers = {**stage.instance.headers, "Prefer": "wait=20"}
    body = {"chatId": EVA_CHAT, **fields}
    method = "PUT" if operation == "react-to-message" else "POST"
    path = f"{stage.instance.base}/{operation}"
    answer = await stage.http.request(method, path, headers=headers, json=body)
    found: dict[str, Any] = answer.json()
    assert found.get("response_status") in (200, 201), found
    response: dict[str, Any] = found["response_body"]
    return response


async def test_a_preview_is_a_native_note_with_its_facts_and_nothing_is_kept(
    page: Page, stage_folder: Path
) -> None:
    answer = await page.post("/voice/preview", GREETING)
    assert answer.status_code == 200, answer.text
    verify(answer.content)
    facts = msgspec.json.decode(answer.headers["X-Note"])
    assert (facts["size"], facts["source_size"]) == (len(answer.content), len(GREETING))
    assert (facts["passthrough"], len(base64.b64decode(facts["waveform"]))) == (False, 64)
    assert -40 < facts["lufs"] < -5
    again = await page.post("/voice/preview", answer.content)
    assert again.content == answer.content
    assert msgspec.json.decode(again.headers["X-Note"])["passthrough"] is True
    assert not list((stage_folder / "gateway" / "workshop").glob("preview-*"))


async def test_what_is_no_sound_is_refused_before_it_is_sent_in_the_words_of_the_api(page: Page) -> None:
    refused = await page.post("/voice/preview", b"Not a sound at all, by no means.")
    assert (refused.status_code, "The file is not audio" in unescape(refused.text)) == (422, True)
    away = await page.post("/voice/preview-url", b"http://10.0.0.1/a.mp3")
    assert (away.status_code, "does not fetch from" in away.text) == (422, True)


async def test_a_preview_needs_a_form_of_ours(page: Page) -> None:
    other = "0" * 64
    assert (await page.post("/voice/preview", GREETING, secret=other)).status_code == 403
    assert (await page.post("/voice", data={"chatId": EVA_CHAT}, secret=other)).status_code == 403


async def test_a_note_is_sent_as_it_was_heard_and_watched_until_played(stage: Stage, page: Page) -> None:
    heard = (await page.post("/voice/preview", GREETING)).content
    last = (await stage.control.inbox(EVA)).last
    sent = await page.post("/voice", data={"chatId": EVA}, files={"file": ("note.ogg", heard)})
    assert sent.status_code == 200, sent.text
    watch = f"{sent.json()['watch']}/watch"
    seen: list[str] = []
    async with page.visitor.http.stream("GET", watch) as stream:
        assert stream.headers["content-type"].startswith("text/event-stream")
        async for line in stream.aiter_lines():
            for stage_name in re.findall(r'data-stage="(\w+)" aria-current', line):
                seen.append(stage_name)
                if stage_name == "delivered":
                    message = await stage.control.next_message(EVA, last)
                    assert await stage.control.media(EVA, message.seq) == heard
                    await stage.control.tell(EVA, message.seq, "read")
                if stage_name == "read":
                    await stage.control.tell(EVA, message.seq, "played")
            if line == "event: end":
                break
    assert seen[-3:] == ["delivered", "read", "played"]


async def test_a_conversation_shows_who_said_what_and_what_became_of_it(stage: Stage, page: Page) -> None:
    ours = (await call(stage, "send-text", text="Shall we meet?"))["key"]["id"]
    await until(lambda: stage.control.inbox(EVA), lambda box: any(one.id == ours for one in box.messages))
    await write(stage, act=React(ours, "👍"))
    theirs = await write(stage, text="At nien")
    await write(stage, act=Edit(theirs, "At nine"))
    gone = await write(stage, text="Something rash")
    await write(stage, act=Revoke(gone))
    await page.until(f"/chats/{EVA_CHAT}", "At nine")
    await call(stage, "react-to-message", messageId=theirs, reaction="❤️")
    said = await page.until(f"/chats/{EVA_CHAT}", "This message was deleted.")
    said = await page.until(f"/chats/{EVA_CHAT}", "❤️ from You")
    assert "Shall we meet? 👍 from Eva" in said
    assert re.search(r"Eva: At nine .*edited", said)
    assert "At nien" not in said
    assert "Something rash" not in said
    assert "✓✓ delivered" in said
    chats = await page.text("/chats")
    assert "Eva" in chats


async def test_votes_on_a_poll_are_shown_by_name_and_the_last_one_counts(stage: Stage, page: Page) -> None:
    poll = {"name": "Lunch?", "options": ["Soup", "Salad"], "multipleAnswers": False}
    ours = (await call(stage, "send-poll", poll=poll))["key"]["id"]
    await until(lambda: stage.control.inbox(EVA), lambda box: any(one.id == ours for one in box.messages))
    await write(stage, act=GiveVote(ours, ["Soup"]))
    await page.until(f"/chats/{EVA_CHAT}", "Soup 1 votes Eva")
    await write(stage, act=GiveVote(ours, ["Salad"]))
    said = await page.until(f"/chats/{EVA_CHAT}", "Salad 1 votes Eva")
    assert "Lunch? One answer Soup 0 votes Salad 1 votes Eva" in said


async def test_the_file_of_a_note_of_ours_is_fetched_when_somebody_plays_it(stage: Stage, page: Page) -> None:
    sent = await call(stage, "send-voice", file=base64.b64encode(GREETING).decode())
    whole = f"true_{EVA_CHAT}_{sent['key']['id']}"
    html = await page.html(f"/chats/{EVA_CHAT}")
    assert f'<voice-note src="{page.base}/files/{whole}" seconds="' in html
    led = await page.visitor.get(f"{page.base}/files/{whole}")
    assert (led.status_code, led.headers["location"][:7]) == (303, "/media/")
    note = await page.visitor.get(led.headers["location"])
    verify(note.content)
    link, size = led.headers["location"], len(note.content)
    tag = note.headers["etag"]
    part = await page.visitor.http.get(link, headers={"Range": "bytes=100-299", "If-Range": tag})
    assert (part.status_code, part.content) == (206, note.content[100:300])
    assert part.headers["content-range"] == f"bytes 100-299/{size}"
    changed = await page.visitor.http.get(link, headers={"Range": "bytes=100-", "If-Range": '"another"'})
    assert (changed.status_code, changed.content) == (200, note.content)
    behind = await page.visitor.http.get(link, headers={"Range": f"bytes={size}-"})
    assert (behind.status_code, behind.headers["content-range"]) == (416, f"bytes */{size}")
    head = await page.visitor.http.head(link, headers={"Range": "bytes=0-1"})
    assert (head.status_code, head.headers["content-length"]) == (200, str(size))
    assert (await page.visitor.get(f"{page.base}/files/3EB0FFFFFFFF")).status_code == 404


async def test_older_messages_come_by_their_place(stage: Stage, page: Page) -> None:
    otto = "+447700900322"
    await stage.control.add_contact(NewContact(otto, "Otto"))
    for number in range(45):
        await stage.control.send(
            "+447700900322", Send(f"+{stage.instance.phone}", text=f"number {number:02}")
        )
    chat = "/chats/447700900322@c.us"
    latest = await page.until(chat, "number 44")
    part = await page.html(f"{chat}/part")
    before = re.search(r'data-before="([^"]+)"', part)
    assert before is not None
    older = await page.text(f"{chat}/part?before={before[1]}")
    assert sorted(re.findall(r"number \d\d", latest + older)) == [f"number {n:02}" for n in range(45)]
    assert len(re.findall(r"number \d\d", older)) == 5
    for shown in (latest, older):
        # Most of them are of one second.
        assert (found := re.findall(r"number \d\d", shown)) == sorted(found)
    assert 'data-before=""' in await page.html(f"{chat}/part?before={before[1]}")
    assert (await page.visitor.get(f"{page.base}{chat}/part?before=x")).status_code == 422


async def test_what_could_not_be_sent_stays_in_its_chat_with_the_reason_and_a_button(
    stage: Stage, page: Page
) -> None:
    file = {"file": ("x.txt", b"no sound, only words")}
    sent = await page.post("/voice", data={"chatId": EVA_CHAT}, files=file)
    uuid = sent.json()["uuid"]
    said = await page.until(f"/chats/{EVA_CHAT}/pending", "It was not sent. The file is not audio")
    assert "Try again" in said
    shown = await page.html(f"/voice/sent/{uuid}")
    assert 'class="failed" data-stage="preparing"' in shown
    again = await page.visitor.post(f"{page.base}/voice/sent/{uuid}/retry")
    assert (again.status_code, "data-stage" in again.text) == (200, True)
    await page.until(f"/voice/sent/{uuid}", "It was not sent.")


async def test_a_text_is_sent_from_the_page_once_however_often_it_is_posted(stage: Stage, page: Page) -> None:
    fields = {"chatId": EVA_CHAT, "text": "only once", "reply_to": ""}
    headers = {
        "X-Form-Secret": page.visitor.form_secret,
        "Origin": stage.gateway.url,
        "Idempotency-Key": "conversation-once",
    }
    path = f"{page.base}/chats/{EVA_CHAT}/text"
    answers = [await page.visitor.http.post(path, data=fields, headers=headers) for _ in range(2)]
    assert answers[0].json() == answers[1].json()
    said = await page.until(f"/chats/{EVA_CHAT}/part", "only once")
    assert said.count("only once") == 1


async def test_who_may_only_read_sees_conversations_and_sends_nothing(stage: Stage, page: Page) -> None:
    body = {"instance": stage.instance.id, "scopes": ["read"]}
    made = (await stage.http.post("/api/whatsapp/v2/tokens", headers=stage.admin, json=body)).json()
    token = made.get("token") or made["data"]["token"]
    async with Visitor(stage.gateway.url) as reader:
        await reader.sign_in(token)
        there = Page(stage, reader)
        html = await there.html(f"/chats/{EVA_CHAT}")
        assert "<voice-composer" not in html
        assert "data-reply=" not in html
        assert (await there.post("/voice", data={"chatId": EVA_CHAT})).status_code == 403
        assert (await there.post("/voice/preview", GREETING)).status_code == 403
        assert (await reader.get(f"{there.base}/handset")).status_code == 403


async def test_a_group_has_its_name_and_tells_who_wrote_what(circle: Circle, page: Page) -> None:
    chat = f"/chats/{circle.group.id}"
    await page.stage.control.send(f"+{SECOND}", Send(to=circle.group.id, text="Who comes?"))
    said = await page.until(chat, "Who comes?")
    assert "Ben Who comes?" in said
    # A group that is new is asked for some seconds after the last one was.
    await page.until(chat, "Circle")
    await circle.result(await circle.send("send-text", text="We do"))
    assert "You: We do" in await page.until(chat, "We do")
