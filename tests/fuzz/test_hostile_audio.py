"""A real gateway process that is sent audio which means harm, while its voice workers are killed: each note
ends with a code of the table or arrives native, and the process lives."""

import asyncio
import os
import random
import signal
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil
import pytest
from fuzz.target import AUDIO, mutated
from tests.interop.gateway import paired
from tests.unit.voice.test_hostile import REFUSED, TAKEN

from waypost.errors import TABLE
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact
from waypost.testing.processes import Pair, sandbox_and_gateway
from waypost.voice.verify import verify

pytestmark = [pytest.mark.process, pytest.mark.timeout(int(os.environ.get("FUZZ_SECONDS", "0")) + 180)]

SECONDS = float(os.environ.get("FUZZ_SECONDS", "2"))
# Another one each time in `make fuzz`; FUZZ_SEED repeats it as far as chance goes.
SEED = int(os.environ.get("FUZZ_SEED", int(time.time()) if "FUZZ_SECONDS" in os.environ else 1))
US, CONTACT = "447700900201", "447700900202"
GREETING = (AUDIO / "greeting.mp3").read_bytes()
_AT_ONCE = 4
_KILL_EVERY_S = 1.0
_WAIT_S = 30


@dataclass(frozen=True, slots=True)
class Caller:
    """One instance of a running gateway, and the contact that its notes go to."""

    http: httpx.AsyncClient
    control: SandboxClient
    base: str

    async def send(self, audio: bytes) -> dict[str, Any]:
        """Post a note and follow its request to the end."""
        answer = await self.http.post(
            f"{self.base}/send-voice",
            data={"chatId": f"{CONTACT}@c.us"},
            files={"file": ("voice.mp3", audio)},
        )
        assert answer.status_code == 200, answer.text
        link = f"{self.base}/queued-requests/{answer.json()['queued_request_uuid']}"
        found: dict[str, Any] = (await self.http.get(link, headers={"Prefer": f"wait={_WAIT_S}"})).json()
        assert found["status"] in ("sent", "failed"), found
        return found

    async def heard(self) -> dict[str, bytes]:
        """What the contact received, by message id."""
        heard: dict[str, bytes] = {}
        after = 0
        while (inbox := await self.control.inbox(f"+{CONTACT}", after, 0)).messages:
            for one in inbox.messages:
                heard[one.id] = await self.control.media(f"+{CONTACT}", one.seq)
                after = one.seq
        return heard


@pytest.fixture
async def pair(tmp_path: Path) -> AsyncIterator[Pair]:
    pair = sandbox_and_gateway(tmp_path, {"WAYPOST_VOICE_WORKERS": "2", "WAYPOST_VOICE_MAX_SECONDS": "30"})
    try:
        await pair.sandbox.start()
        await pair.gateway.start()
        yield pair
    finally:
        await pair.gateway.stop()
        await pair.sandbox.stop()


def _harmful(chance: random.Random, sound: Sequence[bytes]) -> bytes:
    """A file that is known to be broken, or a sound one with a few things changed."""
    if chance.random() < 0.3:
        return chance.choice([*REFUSED.values(), *TAKEN.values()])[0] or b"\0"
    return mutated(sound, chance, 200_000) or b"\0"


def _workers(pair: Pair) -> list[psutil.Process]:
    children = psutil.Process(pair.gateway.pid).children(recursive=True)
    return [child for child in children if any("waypost.voice" in word for word in child.cmdline())]


async def _kill_workers(pair: Pair, chance: random.Random, end: float) -> int:
    killed = 0
    while time.monotonic() < end:
        await asyncio.sleep(_KILL_EVERY_S)
        if workers := _workers(pair):
            os.kill(chance.choice(workers).pid, signal.SIGKILL)
            killed += 1
    return killed


async def test_audio_that_means_harm_ends_with_its_code_or_arrives_native(pair: Pair) -> None:
    chance = random.Random(SEED)
    sound = [path.read_bytes()[:200_000] for path in sorted(AUDIO.iterdir()) if path.suffix != ".md"]
    ended: Counter[str] = Counter()
    sent: list[str] = []
    async with (
        SandboxClient(pair.control_url) as control,
        httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=_WAIT_S + 10) as http,
    ):
        await control.add_contact(NewContact(f"+{CONTACT}", "Ada"))
        us = await paired(pair, http, control, US)
        http.headers.update(us._headers)
        caller, pid = Caller(http, control, us._base), pair.gateway.pid
        end = time.monotonic() + SECONDS

        async def calling() -> None:
            while time.monotonic() < end:
                found = await caller.send(_harmful(chance, sound))
                error = found["error"]
                ended["sent" if error is None else error["code"]] += 1
                if error is None:
                    sent.append(found["response_body"]["key"]["id"])
                else:
                    assert TABLE[error["code"]].status == 422, found

        killed, *_ = await asyncio.gather(
            _kill_workers(pair, chance, end), *(calling() for _ in range(_AT_ONCE))
        )
        print(f"hostile audio, seed {SEED}: {dict(ended)}; {killed} workers killed")
        last = await caller.send(GREETING)
        assert last["status"] == "sent", last
        heard = await caller.heard()
        for id in [*sent, last["response_body"]["key"]["id"]]:
            verify(heard[id])
        assert pair.gateway.pid == pid
        assert ended.total() >= _AT_ONCE
    assert "Traceback" not in pair.gateway.log.read_text(), pair.gateway.tail(60)
