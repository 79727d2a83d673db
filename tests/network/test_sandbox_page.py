"""What docs/sandbox.md shows is run, and its tables are those of the program."""

import asyncio
import contextlib
import os
import re
import shlex
import signal
import sys
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler
from tests.pages import ROOT, blocks, run_code

from waypost.errors import SandboxError
from waypost.sandbox.control.app import PARTS
from waypost.sandbox.failures import check
from waypost.sandbox.views import FailureKind, NewFailure
from waypost.testing.gateway_stage import PairedInstance, Stage, gateway_stage, until
from waypost.voice.verify import verify

PAGE = ROOT / "docs" / "sandbox.md"
ADA, SHOP = "+491700000001", "4915200000001"
GREETING = (ROOT / "tests" / "audio" / "greeting.mp3").read_bytes()


async def send_when_linked(stage: Stage, made: dict[str, Any]) -> PairedInstance:
    """Send Ada a voice note as soon as the instance works."""
    instance = PairedInstance(id=made["id"], token=made["access_token"], phone=SHOP)
    await stage.status(instance, "WORKING")
    answer = await stage.send_voice(GREETING, instance=instance, chatId=f"{ADA.removeprefix('+')}@c.us")
    assert (await stage.finished(answer, instance))["response_status"] == 201
    return instance


async def test_the_program_for_ones_own_tests_runs(tmp_path: Path) -> None:
    (code,) = blocks(PAGE, "python")
    async with gateway_stage(tmp_path) as stage:
        made = await stage.create("shop", SHOP)
        sending = asyncio.create_task(send_when_linked(stage, made))
        assert "http://127.0.0.1:8790" in code
        here = code.replace("http://127.0.0.1:8790", stage.sandbox.control_url)
        names = await run_code(here, {"qr": made["qr_text"]})
        assert names["message"].media == "ok"
        verify(names["note"])
        instance = await sending
        # The last line bans the number.
        assert (await stage.status(instance, "FAILED"))["reason"] == "banned"


async def start(stage: Stage, folder: Path, words: list[str]) -> asyncio.subprocess.Process:
    environment = {**os.environ, "WAYPOST_SANDBOX_URL": stage.sandbox.control_url}
    return await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "waypost", *words[1:]],
        cwd=folder,
        env=environment,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        # Whoever runs the tests in the background has Ctrl-C ignored, by all that is started from there.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    )


async def test_the_commands_run_in_their_order(tmp_path: Path) -> None:
    script, accounts = blocks(PAGE, "sh")
    serve, *lines = (shlex.split(line, comments=True) for line in script.splitlines())
    assert serve[:3] == ["waypost", "sandbox", "serve"]  # run by tests/unit/sandbox/server/test_kill.py
    async with gateway_stage(tmp_path) as stage, contextlib.AsyncExitStack() as stack:
        made = await stage.create("shop", SHOP)
        said = []
        for words in lines:
            here = [made["qr_text"] if word.endswith("#…") else word for word in words]
            child = await start(stage, tmp_path, here)
            if "--follow" in words:
                stack.push_async_callback(end, child)
                await send_when_linked(stage, made)
                await until(lambda: files(tmp_path / "received"), lambda found: len(found) == 1)
                continue
            async with asyncio.timeout(30):
                out, err = await child.communicate()
            assert child.returncode == 0, err.decode()
            said.append(out.decode())
        (note,) = await files(tmp_path / "received")
        verify(note.read_bytes())
        assert ["Shop" in said[0], "linked" in said[1], ADA in said[2], "on its way" in said[3]] == [True] * 4
        sent = said[3].split()[0]
        # The code is typed by tests/network/gateway/test_pairing_codes.py.
        for words in [shlex.split(line, comments=True) for line in accounts.splitlines()][1:]:
            child = await start(stage, tmp_path, words)
            async with asyncio.timeout(30):
                out, err = await child.communicate()
            assert child.returncode == 0, err.decode()

        async def status() -> str:
            return (await stage.control.sent(ADA, sent)).status

        await until(status, lambda found: found == "delivered")


async def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ogg"))


async def end(child: asyncio.subprocess.Process) -> None:
    child.send_signal(signal.SIGINT)
    async with asyncio.timeout(10):
        out, err = await child.communicate()
    assert (child.returncode, "voice note" in out.decode()) == (0, True), err.decode()


def table(heading: str) -> list[list[str]]:
    """The cells of the table whose first column has that heading."""
    text = PAGE.read_text().partition(f"| {heading} |")[2].partition("\n\n")[0]
    return [
        [cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]]
        for line in text.splitlines()[2:]
        if line
    ]


def test_the_table_of_calls_is_that_of_the_api() -> None:
    shown = set[tuple[str, str]]()
    for calls, _ in table("call"):
        shown |= set(re.findall(r"`([A-Z]+) (/[^?`]+)", calls))
    real = set[tuple[str, str]]()
    for handler in (route for part in PARTS for route in part.ROUTES):
        assert isinstance(handler, HTTPRouteHandler)
        for path in handler.paths:
            names = re.sub(r"\{(\w+):\w+\}", r"{\1}", path).replace("{failure}", "{id}")
            real |= {(str(method), names) for method in handler.http_methods if method != "OPTIONS"}
    assert shown == real


EXAMPLE: dict[str, Any] = {
    "phone": "+1", "device": 1, "contact": "+1", "seconds": 1.0, "code": 1, "when": "before",
    "direction": "upload", "xmlns": "w:p",
}  # fmt: skip
NARROWING = {"phone", "device", "contact"}


def takes(kind: str, field: str) -> bool:
    """Whether a failure of that kind may have the field."""
    try:
        check(msgspec.convert({"kind": kind, field: EXAMPLE[field]}, NewFailure))
    except SandboxError:
        return False
    return True


def test_the_table_of_failures_names_every_kind_with_its_fields() -> None:
    shown: dict[str, set[str]] = {}
    for kinds, _, fields in table("kind"):
        for kind in re.findall(r"`(\w+)`", kinds):
            shown[kind] = set(re.findall(r"`(\w+)`", fields)) & EXAMPLE.keys()
    assert shown == {
        kind: {field for field in EXAMPLE.keys() - NARROWING if takes(kind, field)}
        for kind in get_args(FailureKind)
    }


@pytest.mark.parametrize("kind", get_args(FailureKind))
def test_a_failure_takes_times_and_skip(kind: FailureKind) -> None:
    check(NewFailure(kind=kind, times=1, skip=1))
