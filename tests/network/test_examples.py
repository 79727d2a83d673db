"""The examples are run as they are; what the first page shows is the same call."""

import asyncio
import itertools
import json
import os
import re
import shlex
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.pages import ROOT, blocks

from waypost.testing.gateway_stage import CONTACT, Stage, gateway_stage

AUDIO = ROOT / "tests" / "audio"


async def run(stage: Stage, *words: str) -> str:
    """What a program prints that is told where the gateway is, as the examples want it."""
    child = await asyncio.create_subprocess_exec(
        *words,
        env={
            "PATH": os.environ["PATH"],
            "WAYPOST_URL": stage.gateway.url,
            "INSTANCE": stage.instance.id,
            "TOKEN": stage.instance.token,
        },
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
