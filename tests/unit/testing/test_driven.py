import os
import sys
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest

from waypost.testing.driven import Driven, DrivenFailed, driving

PROGRAM = """
import json, sys
def tell(**line): print(json.dumps(line), flush=True)
tell(event="started")
for line in sys.stdin:
    order = json.loads(line)
    if order["call"] == "add":
        tell(answer=order["n"], result=sum(order["args"]["numbers"]))
        tell(event="added", count=len(order["args"]["numbers"]))
    elif order["call"] == "babble":
        print("no JSON", flush=True)
    elif order["call"] == "die":
        sys.exit("out of steam")
    else:
        tell(answer=order["n"], error="unknown call")
"""


def running(folder: Path) -> AbstractAsyncContextManager[Driven]:
    return driving("it", (sys.executable, "-c", PROGRAM), os.environ, folder / "log")


@pytest.fixture
async def driven(tmp_path: Path) -> AsyncIterator[Driven]:
    async with running(tmp_path) as driven:
        yield driven


async def test_a_call_is_answered_and_its_event_can_be_awaited(driven: Driven) -> None:
    await driven.event("started")
    assert await driven.call("add", numbers=[1, 2, 3]) == 6
    assert await driven.event("added", count=3) == {"event": "added", "count": 3}
    assert driven.seen("added") == []


async def test_a_refused_call_says_why(driven: Driven) -> None:
    with pytest.raises(DrivenFailed, match="could not fly: unknown call"):
        await driven.call("fly")


async def test_an_event_that_does_not_come_names_those_that_came(driven: Driven) -> None:
    await driven.call("add", numbers=[])
    with pytest.raises(DrivenFailed, match=r"no landed .*'event': 'added'"):
        await driven.event("landed", within=0.05)


async def test_a_program_that_ends_during_a_call_shows_its_log(driven: Driven) -> None:
    with pytest.raises(DrivenFailed, match=r"(?s)it ended.*out of steam"):
        await driven.call("die")
    with pytest.raises(DrivenFailed, match="has ended"):
        await driven.call("add", numbers=[])


async def test_a_line_that_is_no_json_is_told(driven: Driven) -> None:
    with pytest.raises(DrivenFailed, match="no JSON line"):
        await driven.call("babble")


async def test_the_program_is_gone_behind_the_context(tmp_path: Path) -> None:
    async with running(tmp_path) as driven:
        await driven.event("started")
    with pytest.raises(DrivenFailed, match="has ended"):
        await driven.call("add", numbers=[])
