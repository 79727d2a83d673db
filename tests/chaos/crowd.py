"""Callers of many nodes: each asks another node each time, as behind a load balancer without a memory."""

import asyncio
import hashlib
import io
import itertools
import random
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import httpx
from tests.chaos.load import Posted

from waypost.testing.gateway_stage import PairedInstance
from waypost.voice.ogg import encode_page, read_pages

# A node that is halted says nothing at all; another one is asked then.
TIMEOUT_S = 5.0
_ANSWER_WITHIN_S = 90.0


def different(note: bytes) -> Iterator[bytes]:
    """Notes that sound the same, without end: each has a serial number of its own in all of its pages."""
    pages = list(read_pages(io.BytesIO(note)))
    for serial in itertools.count(1):
        yield b"".join(encode_page(replace(page, serial=serial)) for page in pages)


@dataclass
class Wanderer:
    """One chat of one instance: posts note after note until `enough`, each until it was answered."""

    http: httpx.AsyncClient
    urls: Callable[[], Sequence[str]]
    instance: PairedInstance
    contact: str
    notes: Iterator[bytes]
    chance: random.Random
    pause: tuple[float, float]
    enough: asyncio.Event
    posted: list[Posted] = field(default_factory=list)
    lost: int = 0
    refused: int = 0
    odd: list[str] = field(default_factory=list)

    async def run(self) -> None:
        """Until `enough` is set."""
        for number in itertools.count():
            await asyncio.sleep(self.chance.uniform(*self.pause))
            if self.enough.is_set():
                return
            note = next(self.notes)
            caption = f"caption {self.contact} {number}" if number % 4 == 3 else None
            accepted = await self._post(note, caption)
            digest = hashlib.sha256(note).hexdigest()
            self.posted.append(
                Posted(
                    self.instance.id,
                    self.contact,
                    number,
                    digest,
                    caption,
                    accepted["queued_request_uuid"],
                )
            )

    async def _post(self, note: bytes, caption: str | None) -> dict[str, Any]:
        key = str(uuid.uuid4())
        fields = {"chatId": f"{self.contact}@c.us", **({"caption": caption} if caption else {})}
        deadline = time.monotonic() + _ANSWER_WITHIN_S
        while time.monotonic() < deadline:
            try:
                answer = await self.http.post(
                    f"{self.chance.choice(self.urls())}{self.instance.base}/send-voice",
                    headers={**self.instance.headers, "Idempotency-Key": key},
                    data=fields,
                    files={"file": ("note.ogg", note)},
                )
            except httpx.TransportError:
                self.lost += 1
            else:
                if answer.status_code == 200:
                    body: dict[str, Any] = answer.json()
                    return body
                self.refused += 1
                if answer.status_code != 503:
                    self.odd.append(f"{answer.status_code} {answer.text}")
            await asyncio.sleep(0.05)
        raise AssertionError(f"no answer for {self.contact} in {_ANSWER_WITHIN_S:.0f} s: {self.odd[-1:]}")
