"""Callers that never give up: where no answer came, they post the same note again with the same key."""

import asyncio
import hashlib
import random
import struct
import tempfile
import uuid
import wave
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

from waypost.workers.pool import WorkerPool

_ANSWER_WITHIN_S = 60.0  # a gateway that was killed is started again long before that


@dataclass(frozen=True)
class Posted:
    """One accepted request: which note, to whom, in which place of its chat."""

    instance_id: str
    contact: str
    number: int
    sha256: str
    caption: str | None
    uuid: str


@dataclass
class Caller:
    """One chat of one instance: posts its notes one after the other."""

    url: str
    instance_id: str
    token: str
    contact: str
    notes: list[bytes]
    pace: random.Random
    posted: list[Posted] = field(default_factory=list)
    answers_lost: int = 0

    async def run(self) -> None:
        """Post all notes; a note is posted until it was answered."""
        async with httpx.AsyncClient(base_url=self.url, trust_env=False, timeout=10) as http:
            for number, note in enumerate(self.notes):
                caption = f"caption {self.contact} {number}" if number % 4 == 3 else None
                accepted = await self._post(http, note, caption)
                digest = hashlib.sha256(note).hexdigest()
                self.posted.append(
                    Posted(
                        self.instance_id,
                        self.contact,
                        number,
                        digest,
                        caption,
                        accepted["queued_request_uuid"],
                    )
                )
                await asyncio.sleep(self.pace.uniform(0, 0.4))

    def _chat(self) -> str:
        return self.contact if "@" in self.contact else f"{self.contact}@c.us"

    async def _post(self, http: httpx.AsyncClient, note: bytes, caption: str | None) -> dict[str, Any]:
        key = str(uuid.uuid4())
        async with asyncio.timeout(_ANSWER_WITHIN_S):
            while True:
                try:
                    answer = await http.post(
                        f"/api/whatsapp/v2/{self.instance_id}/send-voice",
                        headers={"Authorization": f"Bearer {self.token}", "Idempotency-Key": key},
                        data={"chatId": self._chat(), **({"caption": caption} if caption else {})},
                        files={"file": ("note.ogg", note)},
                    )
                except httpx.TransportError:
                    self.answers_lost += 1
                    await asyncio.sleep(0.05)
                    continue
                if answer.status_code == 503:
                    await asyncio.sleep(0.05)
                    continue
                assert answer.status_code == 200, answer.text
                body: dict[str, Any] = answer.json()
                return body


async def native_notes(count: int, seed: int) -> list[bytes]:
    """`count` different native notes of half a second; the gateway passes such files on byte for byte."""
    chance = random.Random(seed)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        async with WorkerPool(workers=2) as pool:
            return [await _note(pool, folder, chance) for _ in range(count)]


async def _note(pool: WorkerPool, folder: Path, chance: random.Random) -> bytes:
    source, target = folder / "tone.wav", folder / "note.ogg"
    with wave.open(str(source), "wb") as tone:
        tone.setnchannels(1)
        tone.setsampwidth(2)
        tone.setframerate(16_000)
        samples = [chance.randint(-8000, 8000) for _ in range(8_000)]
        tone.writeframes(struct.pack(f"<{len(samples)}h", *samples))
    await pool.convert(source, target)
    return target.read_bytes()
