"""kill -9 of the gateway and of a receiver that refuses at random: every event arrives, each chat's in order.

`make chaos` runs 20 rounds, the plain test run 2. Each run prints its counts.
"""

import asyncio
import json
import os
import random
import time
import uuid
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact
from waypost.testing.gateway_stage import BASE, until
from waypost.testing.processes import Process, free_port, sandbox_and_gateway

ROUNDS = int(os.environ.get("WAYPOST_CHAOS_ROUNDS", "2"))
SEED = int(os.environ.get("WAYPOST_CHAOS_SEED", "0")) or int(time.time())
CHATS = 3
TEXTS_PER_ROUND = 6
# A thousandth of three days: the first delays are a few milliseconds, the tenth is half a minute.
RETRY_SECONDS = 259.2
SETTLED_WITHIN_S = 90.0
PHONE = "447700900190"
EVENT = "queued_request.finished"


@dataclass
class Writer:
    """Sends texts to one chat, one after the other, and never gives up; notes their uuids in order."""

    http: httpx.AsyncClient
    path: str
    headers: dict[str, str]
    chat: str
    sent: list[str] = field(default_factory=list)

    async def run(self, count: int) -> None:
        for number in range(count):
            body = {"chatId": f"{self.chat}@c.us", "text": f"text {number}"}
            headers = {**self.headers, "Idempotency-Key": str(uuid.uuid4())}
            while True:
                try:
                    answer = await self.http.post(f"{self.path}/send-text", headers=headers, json=body)
                except httpx.TransportError:
                    await asyncio.sleep(0.05)
                    continue
                if answer.status_code != 503:
                    break
                await asyncio.sleep(0.05)
            self.sent.append(answer.json()["queued_request_uuid"])
            await asyncio.sleep(0.05)


def noted(file: Path) -> list[dict[str, Any]]:
    """What the receiver has noted; a line that was cut off by a kill counts for nothing."""
    lines = file.read_bytes().split(b"\n")[:-1] if file.exists() else []
    return [json.loads(line) for line in lines]


def uuid_of(note: dict[str, Any]) -> str:
    return str(json.loads(note["body"])["data"]["payload"]["uuid"])


@pytest.mark.timeout(60 + ROUNDS * 60)
async def test_every_event_arrives_and_each_chat_s_in_order_whoever_is_killed(tmp_path: Path) -> None:
    chance = random.Random(SEED)
    notes, port = tmp_path / "notes", free_port()
    settings = {
        "WAYPOST_WEBHOOK_ALLOW": "127.0.0.1",
        "WAYPOST_UNKNOWN_SECONDS": "4",
        "WAYPOST_WEBHOOK_RETRY_SECONDS": str(RETRY_SECONDS),
        "WAYPOST_LIMIT_CREATE_INSTANCE": "0",
    }
    pair = sandbox_and_gateway(tmp_path, settings)
    url = f"http://127.0.0.1:{port}"
    arguments = [str(port), str(notes), str(SEED)]
    receiver = Process(
        "the receiver", arguments, url, tmp_path / "receiver.log", program="waypost.testing.noting"
    )
    await asyncio.gather(pair.sandbox.start(), receiver.start(), pair.gateway.start())
    try:
        async with (
            SandboxClient(pair.control_url) as sandbox,
            httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=20) as http,
        ):
            path, headers, hook = await prepared(pair.admin_token, http, sandbox, f"{url}/hook")
            writers = [Writer(http, path, headers, f"44770092000{n}") for n in range(CHATS)]
            for writer in writers:
                await sandbox.add_contact(NewContact(f"+{writer.chat}", delivered_after=0.02))
            kills = [0, 0]
            for _ in range(ROUNDS):
                working = asyncio.gather(*(writer.run(TEXTS_PER_ROUND) for writer in writers))
                victims = chance.choice([[pair.gateway], [receiver], [pair.gateway, receiver]])
                for victim in victims:
                    await asyncio.sleep(chance.uniform(0.1, 0.6))
                    await victim.kill()
                    kills[victim is receiver] += 1
                for victim in victims:
                    await victim.start()
                await working
            async with httpx.AsyncClient(trust_env=False) as quiet:
                await quiet.get(f"{url}/calm")
            wanted = {one for writer in writers for one in writer.sent}

            async def taken() -> list[str]:
                return [uuid_of(note) for note in noted(notes) if note["status"] == 200]

            came = await until(taken, lambda found: wanted <= set(found), SETTLED_WITHIN_S)
            firsts = list(dict.fromkeys(came))
            for writer in writers:
                assert [one for one in firsts if one in writer.sent] == writer.sent
            assert set(firsts) == wanted
            for note in noted(notes):
                Webhook(hook["signing_secret"]).verify(note["body"], note["headers"])
            found = await http.get(f"{path}/webhooks/{hook['id']}/deliveries?state=dead", headers=headers)
            assert found.json()["data"] == []
            refused = sum(note["status"] != 200 for note in noted(notes))
            print(
                f"chaos: webhooks, seed {SEED}: {ROUNDS} rounds, gateway killed {kills[0]} times, receiver "
                f"{kills[1]}; {len(wanted)} events, {len(came)} taken, {refused} refused; none lost, none "
                "out of order"
            )
    finally:
        await asyncio.gather(pair.gateway.stop(), receiver.stop())
        await pair.sandbox.stop()


async def prepared(
    admin_token: str, http: httpx.AsyncClient, sandbox: SandboxClient, url: str
) -> tuple[str, dict[str, str], dict[str, Any]]:
    """A paired instance with a webhook: its path, what its calls carry, and the webhook."""
    admin = {"Authorization": f"Bearer {admin_token}"}
    body = {"name": "hooked", "phone": f"+{PHONE}"}
    made = (await http.post(f"{BASE}/create-instance", headers=admin, json=body)).json()
    await sandbox.add_phone(f"+{PHONE}")
    await sandbox.scan(f"+{PHONE}", made["qr_text"])
    path = f"{BASE}/{made['id']}"
    headers = {"Authorization": f"Bearer {made['access_token']}"}

    async def status() -> str:
        return str((await http.get(f"{path}/health", headers=headers)).json()["status"])

    await until(status, lambda found: found == "WORKING")
    wanted = {"url": url, "events": [EVENT]}
    hook = (await http.post(f"{path}/webhooks", headers=headers, json=wanted)).json()
    return path, headers, hook
