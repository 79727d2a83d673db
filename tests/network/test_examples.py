"""The examples are run as they are; what the first page shows is the same call."""

import asyncio
import contextlib
import itertools
import json
import os
import re
import shlex
import socket
import sys
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

from tests.pages import ROOT, blocks

from waypost.sandbox.views import Send
from waypost.testing.gateway_stage import CONTACT, PHONE, Stage, gateway_stage, until

AUDIO = ROOT / "tests" / "audio"


def _environment(stage: Stage) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "WAYPOST_URL": stage.gateway.url,
        "INSTANCE": stage.instance.id,
        "TOKEN": stage.instance.token,
    }


async def run(stage: Stage, *words: str) -> str:
    """What a program prints that is told where the gateway is, as the examples want it."""
    child = await asyncio.create_subprocess_exec(
        *words,
        env=_environment(stage),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    async with asyncio.timeout(40):
        out, err = await child.communicate()
    assert child.returncode == 0, err.decode()
    return out.decode()


async def test_the_examples_send_as_they_are(tmp_path: Path, recordings: str) -> None:
    async with gateway_stage(tmp_path, fetch_allow=["127.0.0.1"]) as stage:
        script = str(ROOT / "examples" / "send-voice.sh")
        answer = json.loads(await run(stage, "sh", script, CONTACT, str(AUDIO / "greeting.mp3")))
        assert (answer["status"], answer["response_status"]) == ("sent", 201)
        example = str(ROOT / "examples" / "send_voice.py")
        url = f"{recordings}/blip.wav"
        seen = (await run(stage, sys.executable, "-W", "error", example, CONTACT, url)).split()
        assert seen[-1] == "PLAYED"
        order = ["PENDING", "SENT", "DELIVERED", "READ", "PLAYED"]
        assert seen == sorted(seen, key=order.index)
        messages = (await stage.control.inbox(f"+{CONTACT}")).messages
        assert [(one.type, one.media, one.times) for one in messages] == [("audio", "ok", 1)] * 2


@contextlib.asynccontextmanager
async def running(stage: Stage, *words: str, **more: str) -> AsyncIterator[asyncio.StreamReader]:
    """What a program prints as long as it runs."""
    child = await asyncio.create_subprocess_exec(
        *words,
        env={**_environment(stage), **more},
        cwd=ROOT / "examples",
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    assert child.stdout is not None
    try:
        yield child.stdout
    finally:
        child.terminate()
        await child.wait()


async def said(program: asyncio.StreamReader, wanted: str) -> str:
    """The next line that a program prints which holds `wanted`."""
    lines = []
    async with asyncio.timeout(30):
        while line := (await program.readline()).decode():
            lines.append(line)
            if wanted in line:
                return line
    raise AssertionError(lines)


async def texts(stage: Stage) -> list[tuple[str | None, str | None]]:
    messages = (await stage.control.inbox(f"+{CONTACT}")).messages
    return [(one.text, one.quoted_id) for one in messages]


async def test_the_echo_bot_answers_each_text_once_over_its_restarts(tmp_path: Path) -> None:
    bot = [sys.executable, "-W", "error", "echo_bot.py"]
    place = str(tmp_path / "place")

    async def say(text: str) -> None:
        await stage.control.send(f"+{CONTACT}", Send(to=f"+{PHONE}", text=text))

    async with gateway_stage(tmp_path) as stage:
        async with running(stage, *bot, PLACE=place) as program:
            echoed, spoken = asyncio.create_task(said(program, "echoed")), 0
            # It hears what is said once its stream is open.
            while not echoed.done():
                spoken += 1
                await say(f"Hello {spoken}")
                await asyncio.wait([echoed], timeout=0.5)
            assert "echoed" in await echoed
        await say("Meanwhile")
        async with running(stage, *bot, PLACE=place) as program:
            found = await until(lambda: texts(stage), lambda seen: "Meanwhile" in [one for one, _ in seen])
        heard = [text for text, quoted in found if quoted is not None]
        assert len(heard) == len(set(heard)) == len(found)
        assert set(heard) <= {"Meanwhile", *(f"Hello {number + 1}" for number in range(spoken))}


async def test_the_reminder_is_sent_once_however_often_it_is_started(tmp_path: Path) -> None:
    program = str(ROOT / "examples" / "voice_reminder.py")
    words = [sys.executable, "-W", "error", program, CONTACT, str(AUDIO / "greeting.mp3"), "00:00"]
    async with gateway_stage(tmp_path) as stage:
        first, second = await run(stage, *words), await run(stage, *words)
        assert first == second
        assert len((await stage.control.inbox(f"+{CONTACT}")).messages) == 1


async def test_the_receiver_believes_what_is_signed_and_nothing_else(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    url = f"http://127.0.0.1:{port}/events"
    async with gateway_stage(tmp_path, webhook_allow=["127.0.0.1"]) as stage:
        path = f"{stage.instance.base}/webhooks"
        answer = await stage.http.post(path, headers=stage.instance.headers, json={"url": url})
        assert answer.status_code == 200, answer.text
        words = [sys.executable, "-m", "uvicorn", "webhook_receiver:app", "--port", str(port)]
        async with running(stage, *words, SIGNING_SECRET=answer.json()["signing_secret"]) as program:
            await said(program, "running on")
            await stage.control.send(f"+{CONTACT}", Send(to=f"+{PHONE}", text="Believe me"))
            assert CONTACT in await said(program, "Believe me")
            forged = await stage.http.post(url, json={"data": {"id": "evt_1", "event": "message.any"}})
            assert forged.status_code == 401


@dataclass(frozen=True, slots=True)
class Call:
    """What a `curl` line asks for: path, headers, and the fields with the part of a value that is not its own
    example."""

    path: str
    headers: frozenset[str]
    fields: frozenset[str]


def curl(text: str) -> Call:
    """The one call of `curl` in a script or on a page."""
    (line,) = re.findall(r"^curl .*", text.replace("\\\n", " "), re.MULTILINE)
    words = shlex.split(line)
    options = list(itertools.pairwise(words))
    (url,) = (word for word in words if word.startswith("$WAYPOST_URL"))
    return Call(
        path=url,
        headers=frozenset(value for name, value in options if name == "-H"),
        fields=frozenset(_shape(value) for name, value in options if name == "-F"),
    )


def _shape(field: str) -> str:
    name, _, value = field.partition("=")
    kind = "@" if value.startswith("@") else re.sub(r"^(\d+|\$1)", "", value)
    return f"{name}={kind}"


def test_the_first_page_shows_the_call_of_the_example() -> None:
    (shown,) = (curl(code) for code in blocks(ROOT / "README.md", "sh") if "curl " in code)
    example = curl((ROOT / "examples" / "send-voice.sh").read_text())
    assert shown == example
    assert shown.fields == {"chatId=@c.us", "file=@"}
    assert shown.path == "$WAYPOST_URL/api/whatsapp/v2/$INSTANCE/send-voice"
