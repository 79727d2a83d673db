"""kill -9 of the gateway and of a receiver that refuses most: every event arrives, each chat's in order.

`make chaos` runs 20 rounds, the plain test run 2. Each run prints its counts.
"""

import asyncio
import json
import os
import random
import sqlite3
import time
import uuid
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook

from waypost.events import FURTHER, GIVEN
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
# So many are waited for before the receiver takes everything.
REFUSALS = 20 * ROUNDS
PHONE = "447700900190"
FINISHED = "queued_request.finished"


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
    return str(json.loads(note["body"])["data"]["payload"].get("uuid"))


def journal(file: Path) -> list[tuple[str, str, str, str]]:
    """What the gateway has to tell: id, name, chat and payload of every event, in order."""
    with sqlite3.connect(file) as connection:
        rows = connection.execute(
            "SELECT id, name, coalesce(chat, ''), payload FROM events"
            " WHERE seq >= (SELECT min(event_seq) FROM deliveries) ORDER BY seq"
        ).fetchall()
    connection.close()
    return rows


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
            path, headers, hooks = await prepared(pair.admin_token, http, sandbox, url)
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
            wanted = {one for writer in writers for one in writer.sent}
            events = tmp_path / "gateway" / "waypost.db"

            async def settled() -> set[str]:
                return {json.loads(one[3])["uuid"] for one in journal(events) if one[1] == FINISHED}

            await until(settled, lambda found: wanted <= found, SETTLED_WITHIN_S)

            async def refused() -> int:
                return sum(note["status"] != 200 for note in noted(notes))

            await until(refused, lambda found: found >= REFUSALS, SETTLED_WITHIN_S)
            async with httpx.AsyncClient(trust_env=False) as quiet:
                await quiet.get(f"{url}/calm")

            async def behind() -> int:
                states = await http.get(f"{path}/health", headers=headers)
                owed = [len(told) - len(set(told) & taken(notes, hook)) for hook in hooks]
                return sum(owed) if states.status_code == 200 else -1

            told = [one[0] for one in journal(events)]
            await until(behind, lambda owed: owed == 0, SETTLED_WITHIN_S)
            check_journal(events, writers)
            for hook in hooks:
                check_order(events, notes, hook)
                found = await http.get(f"{path}/webhooks/{hook['id']}/deliveries?state=dead", headers=headers)
                assert found.json()["data"] == []
            count(notes, hooks, kills, len(told))
    finally:
        await asyncio.gather(pair.gateway.stop(), receiver.stop())
        await pair.sandbox.stop()


def taken(notes: Path, hook: dict[str, Any]) -> set[str]:
    return set(taken_in_order(notes, hook))


def is_whole(note: dict[str, Any]) -> bool:
    lengths = [int(value) for name, value in note["headers"].items() if name.lower() == "content-length"]
    return lengths == [len(note["body"].encode())]


def taken_in_order(notes: Path, hook: dict[str, Any]) -> list[str]:
    """The ids of events that a webhook's receiver took, each at its first time."""
    came = [note for note in noted(notes) if hook["url"].endswith(note["path"])]
    # A gateway that is killed while it posts leaves a body that ends too soon.
    for note in (one for one in came if one["status"] == 200 or is_whole(one)):
        Webhook(hook["signing_secret"]).verify(note["body"], note["headers"])
    ids = [str(json.loads(note["body"])["data"]["id"]) for note in came if note["status"] == 200]
    return list(dict.fromkeys(ids))


def check_journal(events: Path, writers: list[Writer]) -> None:
    """Each request's end, and the message that it sent, are told once, in the order of the calls."""
    ends = [json.loads(one[3]) for one in journal(events) if one[1] == FINISHED]
    ours = [json.loads(one[3])["id"] for one in journal(events) if one[1] == "message.any"]
    for writer in writers:
        mine = [one for one in ends if one["uuid"] in writer.sent]
        assert [one["uuid"] for one in mine] == writer.sent
        keys = [one["response_body"]["key"]["id"] for one in mine if one["status"] == "sent"]
        assert [id.split("_")[2] for id in ours if id.split("_")[1].startswith(writer.chat)] == keys


def check_order(events: Path, notes: Path, hook: dict[str, Any]) -> None:
    """What was taken came chat by chat in the order in which it was stored."""
    came = taken_in_order(notes, hook)
    by_chat: dict[str, list[str]] = {}
    for id, _, chat, _ in journal(events):
        by_chat.setdefault(chat, []).append(id)
    for stored in by_chat.values():
        mine = set(stored)
        assert [id for id in came if id in mine] == [id for id in stored if id in set(came)]


def count(notes: Path, hooks: list[dict[str, Any]], kills: list[int], events: int) -> None:
    how = Counter(str(note["status"]) for note in noted(notes))
    refused = how.total() - how["200"]
    ways = ", ".join(f"{name} {n}" for name, n in sorted(how.items()) if name != "200")
    print(
        f"chaos: webhooks, seed {SEED}: {ROUNDS} rounds, gateway killed {kills[0]} times, receiver "
        f"{kills[1]}; {events} events to {len(hooks)} webhooks, {how['200']} taken, {refused} of "
        f"{how.total()} refused ({ways}); none lost, none out of order"
    )


async def prepared(
    admin_token: str, http: httpx.AsyncClient, sandbox: SandboxClient, url: str
) -> tuple[str, dict[str, str], list[dict[str, Any]]]:
    """A paired instance with two webhooks: its path, what its calls carry, and the webhooks."""
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
    hooks = []
    for name in ("one", "other"):
        wanted = {"url": f"{url}/{name}", "events": sorted(GIVEN | FURTHER)}
        hooks.append((await http.post(f"{path}/webhooks", headers=headers, json=wanted)).json())
    return path, headers, hooks
