"""How commands behave towards a shell: completion, Ctrl-C, pipes, terminals."""

import asyncio
import os
import pty
import re
import signal
import socket
import sys
import time

import pytest
from tests.network.gateway.commands import done_by, environment_of

from waypost.testing.gateway_stage import CONTACT, Stage

pytestmark = pytest.mark.asyncio(loop_scope="package")


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
async def test_a_shell_is_offered_commands_and_names_of_instances(stage: Stage, shell: str) -> None:
    assert "send-voice" in await completed(stage, shell, "waypost send")
    assert "stage" in await completed(stage, shell, "waypost instance show sta")
    assert "message.any" in await completed(stage, shell, "waypost tail message.a")


async def test_a_gateway_that_does_not_answer_offers_nothing_and_says_nothing(stage: Stage) -> None:
    line, began = "waypost instance show sta", time.monotonic()
    assert await completed(stage, "bash", line, WAYPOST_URL="http://127.0.0.1:1") == ""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        port = mute.getsockname()[1]
        assert await completed(stage, "bash", line, WAYPOST_URL=f"http://127.0.0.1:{port}") == ""
    assert time.monotonic() - began < 10


async def completed(stage: Stage, shell: str, line: str, **environment: str) -> str:
    words = line.split()
    around = {
        "_WAYPOST_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": line,
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    done = await done_by(stage, **around, **environment)
    assert done.stderr == ""
    return done.stdout.strip()


@pytest.mark.parametrize("words", [["tail", "--after", "0"], ["queue", "--watch", "--json"]])
async def test_ctrl_c_ends_a_command_at_once_and_without_a_word(stage: Stage, words: list[str]) -> None:
    await done_by(stage, "send-text", "to be seen", "--to", CONTACT, "--instance", "stage")
    child = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "waypost", *words, "--instance", "stage"],
        env={**os.environ, **environment_of(stage)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )
    assert child.stdout is not None
    async with asyncio.timeout(40):
        await child.stdout.readline()
        child.send_signal(signal.SIGINT)
        _, err = await child.communicate()
    assert (child.returncode, err) == (130, b"")


@pytest.mark.parametrize("words", [["instance", "list"], ["tail", "--after", "0"]])
async def test_a_reader_that_goes_away_is_no_error(stage: Stage, words: list[str]) -> None:
    read, write = os.pipe()
    os.close(read)
    try:
        child = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "waypost", *words],
            env={**os.environ, **environment_of(stage)},
            stdout=write,
            stderr=asyncio.subprocess.PIPE,
        )
    finally:
        os.close(write)
    async with asyncio.timeout(40):
        _, err = await child.communicate()
    assert (child.returncode, err) == (141, b"")


@pytest.mark.parametrize("colour", [True, False])
async def test_a_terminal_has_colour_unless_it_is_unwanted(stage: Stage, colour: bool) -> None:
    unwanted = {} if colour else {"NO_COLOR": "1"}
    out = await on_a_terminal(stage, ["instance", "list", "--help"], TERM="xterm-256color", **unwanted)
    assert (re.search(rb"\x1b\[[\d;]*3[0-7]m", out) is not None) is colour


async def test_a_pipe_gets_neither_colour_nor_cut_lines(stage: Stage) -> None:
    out = (await done_by(stage, "instance", "list", COLUMNS="40")).stdout
    assert "\x1b" not in out
    (line,) = [line for line in out.splitlines() if stage.instance.id in line]
    assert line.startswith("stage ")


async def on_a_terminal(stage: Stage, words: list[str], **environment: str) -> bytes:
    ours, theirs = pty.openpty()
    environ = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "FORCE_COLOR")}
    child = await asyncio.create_subprocess_exec(
        *[sys.executable, "-m", "waypost", *words],
        env={**environ, **environment_of(stage), **environment},
        stdin=theirs,
        stdout=theirs,
        stderr=theirs,
    )
    os.close(theirs)

    def read() -> bytes:
        found = b""
        try:
            while part := os.read(ours, 65536):
                found += part
        except OSError:  # Linux tells so that the other side has closed
            pass
        return found

    async with asyncio.timeout(40):
        out = await asyncio.to_thread(read)
        await child.wait()
    os.close(ours)
    return out
