"""Links of one-time codes, from the person who sends their text to the receiver of the callback."""

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from waypost.sandbox.views import NewContact, Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, gateway_stage, until

OTHER = "447700900131"
TEXTS = {"success": "Welcome to {name}: {link}", "failed": "Not yours.", "expired": "Too late."}


class Receiver:
    """An HTTP server that refuses its first call."""

    def __init__(self) -> None:
        self.taken: list[tuple[str, Any]] = []
        self.refused = 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        length = int(head.lower().split("content-length: ")[1].split("\r\n")[0])
        body = json.loads(await reader.readexactly(length))
        if self.refused == 0:
            self.refused += 1
            writer.write(b"HTTP/1.1 500 No\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        else:
            self.taken.append((head.split(" ")[1], body))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\nconnection: close\r\n\r\n")
        await writer.drain()
        writer.close()


@contextlib.asynccontextmanager
async def receiving() -> AsyncIterator[tuple[Receiver, str]]:
    receiver = Receiver()
    server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0)
    async with server:
        yield receiver, f"http://127.0.0.1:{server.sockets[0].getsockname()[1]}"


async def link(stage: Stage, **fields: Any) -> dict[str, Any]:
    answer = await stage.http.post(
        f"/api/otp/v2/{stage.instance.id}/generate-link", headers=stage.instance.headers, json=fields
    )
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def text_of(data: dict[str, Any]) -> str:
    text: str = parse_qs(urlsplit(data["whatsapp_link"]).query)["text"][0]
    return text


async def say(stage: Stage, number: str, text: str) -> None:
    await stage.control.send(f"+{number}", Send(to=f"+{PHONE}", text=text))


def heard_by(stage: Stage, number: str) -> Callable[[], Awaitable[list[str]]]:
    async def look() -> list[str]:
        return [one.text or "" for one in (await stage.control.inbox(f"+{number}")).messages]

    return look


async def taken(receiver: Receiver, count: int) -> list[tuple[str, Any]]:
    async def look() -> list[tuple[str, Any]]:
        return receiver.taken

    found: list[tuple[str, Any]] = await until(look, lambda found: len(found) >= count)
    return found


async def test_who_sends_a_link_s_text_is_answered_and_its_maker_is_told(tmp_path: Path) -> None:
    async with receiving() as (receiver, url), gateway_stage(tmp_path, webhook_allow=["127.0.0.1"]) as stage:
        await stage.control.add_contact(NewContact(f"+{OTHER}", "Bob"))
        callback = {"success": f"{url}/in?app=1", "failed": f"{url}/out"}
        made = await link(stage, chatId=CONTACT, name="Shop", message=TEXTS, callback=callback)

        await say(stage, CONTACT, text_of(made))
        answers = await until(heard_by(stage, CONTACT), lambda found: len(found) == 1)
        assert answers == [f"Welcome to Shop: {url}/in?app=1&uuid={made['uuid']}"]
        # The first call was refused: it came again.
        ((path, told),) = await taken(receiver, 1)
        assert receiver.refused == 1
        assert path == "/in?app=1"
        assert set(told) == {"uuid", "otp_type", "status", "chat_id", "name", "at"}
        assert (told["uuid"], told["status"], told["chat_id"]) == (
            made["uuid"],
            "verified",
            f"{CONTACT}@c.us",
        )

        await say(stage, CONTACT, text_of(made))
        answers = await until(heard_by(stage, CONTACT), lambda found: len(found) == 2)
        assert answers[1] == "Too late."

        # Somebody else's number, then nobody's in particular.
        mine = await link(stage, chatId=CONTACT, message=TEXTS, callback=callback)
        await say(stage, OTHER, text_of(mine))
        assert await until(heard_by(stage, OTHER), bool) == ["Not yours."]
        path, told = (await taken(receiver, 2))[1]
        assert (path, told["status"], told["chat_id"]) == ("/out", "failed", f"{OTHER}@c.us")
        anybody = await link(stage, name="Shop", callback=callback)
        await say(stage, OTHER, f"Hello! {text_of(anybody)} bye")
        path, told = (await taken(receiver, 3))[2]
        assert (told["status"], told["chat_id"]) == ("verified", f"{OTHER}@c.us")
        assert len(receiver.taken) == 3
