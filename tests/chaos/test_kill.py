"""kill -9 of the gateway and of engine processes under load: what was accepted is delivered once, in order.

`make chaos` runs 20 rounds, the plain test run 3. Each run prints its counts.
"""

import asyncio
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import httpx
import psutil
import pytest
import pytest_asyncio
from tests.chaos.ledger import Counts, settle
from tests.chaos.load import Caller, native_notes

from waypost.sandbox.client import SandboxClient
from waypost.sandbox.group_views import NewGroup
from waypost.sandbox.views import InboxMessage, NewContact
from waypost.testing.processes import Pair, sandbox_and_gateway

pytestmark = pytest.mark.asyncio(loop_scope="module")

ROUNDS = int(os.environ.get("WAYPOST_CHAOS_ROUNDS", "3"))
SEED = int(os.environ.get("WAYPOST_CHAOS_SEED", "0")) or int(time.time())
INSTANCES = 2
CHATS = 3
NOTES_PER_ROUND = 5
SETTLED_WITHIN_S = 60.0


@dataclass(frozen=True)
class Town:
    """A running pair of processes with paired instances and contacts."""

    pair: Pair
    sandbox: SandboxClient
    instances: Sequence[tuple[str, str]]
    contacts: Sequence[str]
    groups: Sequence[str]
    """For each instance one, of it and all contacts."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def town(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    pair = sandbox_and_gateway(
        tmp_path_factory.mktemp("town"),
        {"WAYPOST_UNKNOWN_SECONDS": "4", "WAYPOST_LIMIT_CREATE_INSTANCE": "0"},
    )
    await pair.sandbox.start()
    await pair.gateway.start()
    try:
        async with SandboxClient(pair.control_url) as sandbox:
            contacts = [f"4477009100{index:02}" for index in range(CHATS)]
            for contact in contacts:
                await sandbox.add_contact(NewContact(f"+{contact}", delivered_after=0.02))
            instances = [await _paired(pair, sandbox, index) for index in range(INSTANCES)]
            groups = [await _group(sandbox, index, contacts) for index in range(INSTANCES)]
            yield Town(pair, sandbox, instances, contacts, groups)
    finally:
        await pair.gateway.stop()
        await pair.sandbox.stop()


async def _paired(pair: Pair, sandbox: SandboxClient, index: int) -> tuple[str, str]:
    phone = f"4477009000{index:02}"
    async with httpx.AsyncClient(base_url=pair.url, trust_env=False, timeout=20) as http:
        admin = {"Authorization": f"Bearer {pair.admin_token}"}
        created = (
            await http.post(
                "/api/whatsapp/v2/create-instance",
                headers=admin,
                json={"name": f"chaos-{index}", "phone": f"+{phone}"},
            )
        ).json()
        await sandbox.add_phone(f"+{phone}", f"Chaos {index}")
        await sandbox.scan(f"+{phone}", created["qr_text"])
        async with asyncio.timeout(30):
            while True:
                health = await http.get(f"/api/whatsapp/v2/{created['id']}/health", headers=admin)
                if health.json()["status"] == "WORKING":
                    return created["id"], created["access_token"]
                await asyncio.sleep(0.05)


async def _group(sandbox: SandboxClient, index: int, contacts: Sequence[str]) -> str:
    members = [f"+{contact}" for contact in contacts]
    group = NewGroup(subject=f"Chaos {index}", owner=f"+4477009000{index:02}", members=members)
    return (await sandbox.groups.create(group)).id


def _engine_processes(gateway_pid: int) -> list[psutil.Process]:
    children = psutil.Process(gateway_pid).children(recursive=True)
    return [child for child in children if any("waypost.engine.hosts" in word for word in child.cmdline())]


@pytest.mark.timeout(1500)
async def test_killed_under_load_everything_accepted_arrives_once_and_in_order(town: Town) -> None:
    chance = random.Random(SEED)
    chats = CHATS + 1  # a group is one more
    notes = iter(await native_notes(INSTANCES * chats * NOTES_PER_ROUND * ROUNDS, SEED))
    callers = [
        Caller(
            town.pair.url,
            instance_id,
            token,
            contact,
            [next(notes) for _ in range(NOTES_PER_ROUND * ROUNDS)],
            random.Random(chance.random()),
        )
        for (instance_id, token), group in zip(town.instances, town.groups, strict=True)
        for contact in (*town.contacts, group)
    ]
    async with asyncio.TaskGroup() as tasks:
        for caller in callers:
            tasks.create_task(caller.run())
        for round_number in range(ROUNDS):
            await asyncio.sleep(chance.uniform(0.2, 1.2))
            if round_number % 2 == 0:
                await _kill_gateway(town.pair)
            else:
                _kill_engine(town.pair, chance)
    counts = await _counts(town, callers)
    lost_answers = sum(caller.answers_lost for caller in callers)
    print(f"\nchaos: {ROUNDS} kills, seed {SEED}, answers lost {lost_answers}; {counts.line()}")
    assert lost_answers > 0, "no caller noticed a kill: the load was over before"
    assert counts.broken() == []
    # What went to a group counts for each of its members.
    assert counts.accepted == INSTANCES * 2 * CHATS * NOTES_PER_ROUND * ROUNDS
    assert counts.unknown <= ROUNDS * INSTANCES * (4 + CHATS)


async def _kill_gateway(pair: Pair) -> None:
    engines = _engine_processes(pair.gateway.pid)
    await pair.gateway.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, engines, 5)
    assert alive == [], "an engine process outlived its gateway"
    await pair.gateway.start()


def _kill_engine(pair: Pair, chance: random.Random) -> None:
    if engines := _engine_processes(pair.gateway.pid):
        os.kill(chance.choice(engines).pid, signal.SIGKILL)


async def _counts(town: Town, callers: Sequence[Caller]) -> Counts:
    counts = Counts()
    async with httpx.AsyncClient(base_url=town.pair.url, trust_env=False, timeout=20) as http:
        requests = await _finished(http, callers)
    inboxes = {contact: await _whole_inbox(town.sandbox, contact) for contact in town.contacts}
    senders = {instance_id: f"4477009000{index:02}" for index, (instance_id, _) in enumerate(town.instances)}
    for caller in callers:
        group = caller.contact if caller.contact.endswith("@g.us") else None
        for contact in town.contacts if group else [caller.contact]:
            own = [
                m
                for m in inboxes[contact]
                if m.group == group
                and m.sender.lstrip("+").split("@")[0].split(":")[0] == senders[caller.instance_id]
            ]
            settle(caller.posted, requests, own, counts)
    return counts


async def _finished(http: httpx.AsyncClient, callers: Sequence[Caller]) -> Mapping[str, Mapping[str, Any]]:
    requests: dict[str, Mapping[str, Any]] = {}
    deadline = time.monotonic() + SETTLED_WITHIN_S
    for caller in callers:
        for item in caller.posted:
            while True:
                answer = await http.get(
                    f"/api/whatsapp/v2/{item.instance_id}/queued-requests/{item.uuid}",
                    headers={"Authorization": f"Bearer {caller.token}"},
                )
                assert answer.status_code == 200, f"accepted and then unknown: {item.uuid}: {answer.text}"
                requests[item.uuid] = answer.json()
                if (
                    requests[item.uuid]["status"] in ("sent", "failed", "cancelled")
                    or time.monotonic() > deadline
                ):
                    break
                await asyncio.sleep(0.1)
    return requests


async def _whole_inbox(sandbox: SandboxClient, contact: str) -> list[InboxMessage]:
    messages: list[InboxMessage] = []
    after = 0
    while (page := await sandbox.inbox(f"+{contact}", after)).messages:
        messages += page.messages
        after = page.last
    return messages


async def test_killed_while_nothing_is_being_sent_no_outcome_is_unknown(town: Town) -> None:
    notes = await native_notes(CHATS * 3, SEED + 1)
    await town.pair.sandbox.stop()
    instance_id, token = town.instances[0]
    callers = [
        Caller(
            town.pair.url, instance_id, token, contact, notes[index * 3 : index * 3 + 3], random.Random(index)
        )
        for index, contact in enumerate(town.contacts)
    ]
    async with asyncio.TaskGroup() as group:
        for caller in callers:
            group.create_task(caller.run())
        await _kill_gateway(town.pair)
    await _kill_gateway(town.pair)
    await town.pair.sandbox.start()
    counts = await _counts(town, callers)
    print(f"\nchaos: 2 kills while offline, seed {SEED}; {counts.line()}")
    assert counts.broken() == []
    assert counts.delivered == len(notes)
    assert counts.unknown == 0
