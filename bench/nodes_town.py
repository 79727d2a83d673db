"""What is measured of gateways on one database: SQLite with one, PostgreSQL with one and with several."""

import asyncio
import os
import signal
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import msgspec
import psutil

from bench.accept import NOTE_SECONDS, message
from bench.arrivals import arrivals, inbox_end
from bench.commit import postgres_commit_ms, sqlite_commit_ms
from bench.costs import spent, tree
from bench.database_load import DatabaseLoad, watched
from bench.delivery import CONTACTS, WARMING, percentiles, rate_at
from bench.machine import family, pss_mb
from bench.scale import Scale
from bench.sounds import mp3, native_note
from bench.town import Instance, load
from waypost.sandbox.views import NewContact
from waypost.testing.gateway_stage import BASE, until
from waypost.testing.nodes_stage import NodeProcess, NodesStage, nodes_stage
from waypost.testing.postgres import PostgresServer

_NAMES: Final = "abcdefgh"
_CONTACT: Final = "447700910001"
_WITHIN_S: Final = 60.0
_PAIRED_AT_ONCE: Final = 3
# As a gateway is set unless told otherwise; the stage is for tests and sets some of it for them.
_SETTINGS: Final = {
    "WAYPOST_INLINE_MAX_BYTES": "",
    "WAYPOST_VOICE_WORKERS": "",
    "WAYPOST_LOG_LEVEL": "warning",
}


class Sent(msgspec.Struct, frozen=True, kw_only=True):
    """Notes of one kind: how fast they went, and what each cost by kind of process."""

    input: str
    notes: int
    per_second: float
    cpu_ms: dict[str, float]


class Written(msgspec.Struct, frozen=True, kw_only=True):
    """What one note makes a PostgreSQL server do, one note at a time, and what a server writes at rest."""

    commits: float
    log_kb: float
    at_work_ms: float
    at_rest_per_second: float


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """One database with some gateways. `takeover_s` is from kill -9 of one until a note of each of its
    instances is decrypted; alone it is started again at once.
    """

    database: str
    nodes: int
    instances: int
    commit_ms: float
    accept: dict[str, float]
    latency: dict[str, float]
    sent: list[Sent]
    written: Written | None
    node_mb: float
    database_mb: float
    takeover_s: float


@dataclass(frozen=True)
class _Here:
    stage: NodesStage
    nodes: list[NodeProcess]
    instances: list[Instance]
    server: PostgresServer | None
    scale: Scale

    @property
    def urls(self) -> list[str]:
        return [str(node.http.base_url) for node in self.nodes]

    def spent(self) -> dict[str, float]:
        """Processor seconds so far, by kind of process."""
        kinds: dict[str, list[int]] = {"sandbox": tree(self.stage.sandbox.pid)}
        for node in self.nodes:
            for kind, pids in family(node.process.pid).items():
                kinds.setdefault(kind, []).extend(pids)
        kinds.pop("other", None)
        database = 0.0 if self.server is None else _with_ended(self.server.pid)
        return {**spent(kinds), "postgres": database}


def _with_ended(pid: int) -> float:
    """A server's processes come and go with connections; those that have ended are counted by its first."""
    first = psutil.Process(pid).cpu_times()
    return first.children_user + first.children_system + spent({"all": tree(pid)})["all"]


async def row(scale: Scale, server: PostgresServer | None, nodes: int) -> Row:
    """Measure that many gateways on a database of their own of `server`, or one on SQLite."""
    database = None if server is None else server.create()
    url = "" if server is None or database is None else server.url(database)
    async with _here(scale, server, url, nodes) as here:
        native, long = await native_note(3.0), mp3(3.0)
        accept = await _accept(here, await native_note(NOTE_SECONDS))
        # What opens the Signal sessions is not counted: it happens once per chat.
        await rate_at(here.urls, here.stage.control, here.instances, native, len(here.instances) * 4)
        latency, written = await _one_at_a_time(here, native, url)
        sent = [await _sent(here, kind, sound) for kind, sound in (("native", native), ("mp3", long))]
        node_mb = sum(pss_mb(pid) for node in here.nodes for pid in tree(node.process.pid)) / nodes
        return Row(
            database="SQLite" if server is None else "PostgreSQL",
            nodes=nodes,
            instances=len(here.instances),
            commit_ms=sqlite_commit_ms() if server is None else postgres_commit_ms(url),
            accept=accept,
            latency=latency,
            sent=sent,
            written=written,
            node_mb=node_mb,
            database_mb=0.0 if server is None else sum(pss_mb(pid) for pid in tree(server.pid)),
            takeover_s=await _takeover(here, native),
        )


@asynccontextmanager
async def _here(scale: Scale, server: PostgresServer | None, url: str, count: int) -> AsyncIterator[_Here]:
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as folder:
        async with nodes_stage(Path(folder), url, [], settings=lambda _: _SETTINGS) as stage:
            for contact in (_CONTACT, *CONTACTS):
                await stage.control.add_contact(NewContact(f"+{contact}", delivered_after=None))
            nodes = await stage.running(*_NAMES[:count])
            instances = await _paired(stage, nodes, scale.node_instances)
            if server is not None:
                await stage.held(lambda found: _is_even(found, count, len(instances)), _WITHIN_S)
            await _all_working(stage, nodes[0], len(instances))
            yield _Here(stage, nodes, instances, server, scale)


async def _paired(stage: NodesStage, nodes: Sequence[NodeProcess], count: int) -> list[Instance]:
    places = asyncio.Semaphore(_PAIRED_AT_ONCE)

    async def one(number: int) -> Instance:
        async with places:
            made = await stage.pair(nodes[number % len(nodes)], f"b{number}", f"44770092{number:04}")
        return Instance(made.id, made.token, made.phone)

    return await asyncio.gather(*(one(number) for number in range(count)))


def _is_even(holders: dict[str, str], nodes: int, instances: int) -> bool:
    held = Counter(holders.values())
    return len(holders) == instances and all(
        instances // nodes <= held[name] <= -(-instances // nodes) for name in _NAMES[:nodes]
    )


async def _all_working(stage: NodesStage, node: NodeProcess, count: int) -> None:
    async def working() -> int:
        path = f"{BASE}/instances?filter[status]=WORKING"
        return len((await node.http.get(path, headers=stage.admin)).json())

    await until(working, lambda found: found == count, _WITHIN_S)


async def _accept(here: _Here, note: bytes) -> dict[str, float]:
    """For an instance that is logged out, so that nothing is sent meanwhile."""
    first, admin = here.nodes[0].http, here.stage.admin
    made = await here.stage.create(here.nodes[0], "offline", "447700930000")
    token = {"Authorization": f"Bearer {made['access_token']}"}
    (await first.post(f"{BASE}/{made['id']}/logout", headers=token)).raise_for_status()
    call = message(f"{BASE}/{made['id']}/send-voice", made["access_token"], note)
    await load(here.urls, [call], requests=here.scale.warming)
    figures = await load(here.urls, [call], requests=here.scale.node_requests)
    (await first.delete(f"{BASE}/{made['id']}", headers=admin)).raise_for_status()
    return {name: figures[name] for name in ("per_second", "p50_ms", "p99_ms")}


async def _one_at_a_time(here: _Here, note: bytes, url: str) -> tuple[dict[str, float], Written | None]:
    """Milliseconds from a call, at each node by turns, until the recipient has decrypted the note."""
    await _latency(here, note, WARMING * len(here.nodes))
    notes = here.scale.latency_notes
    if here.server is None:
        return percentiles(await _latency(here, note, notes)), None
    async with watched(url) as rest:
        await asyncio.sleep(here.scale.rest_s)
    async with watched(url) as busy:
        taken = await _latency(here, note, notes)
    return percentiles(taken), _written(rest, busy, notes)


def _written(rest: DatabaseLoad, busy: DatabaseLoad, notes: int) -> Written:
    part = busy.seconds / rest.seconds

    def each(all: float, idle: float) -> float:
        return max(all - idle * part, 0.0) / notes

    return Written(
        commits=each(busy.writes, rest.writes),
        log_kb=each(busy.log_bytes, rest.log_bytes) / 1000,
        at_work_ms=each(busy.at_work_s, rest.at_work_s) * 1000,
        at_rest_per_second=rest.writes / rest.seconds,
    )


async def _latency(here: _Here, note: bytes, notes: int) -> list[float]:
    taken = []
    after = await inbox_end(here.stage.control, _CONTACT)
    for number in range(notes):
        node = here.nodes[number % len(here.nodes)]
        began = time.perf_counter()
        await _post(node, here.instances[0], note)
        after = (await here.stage.control.inbox(f"+{_CONTACT}", after, 20)).last
        taken.append((time.perf_counter() - began) * 1000)
    return taken


async def _post(node: NodeProcess, instance: Instance, note: bytes) -> None:
    answer = await node.http.post(
        f"{BASE}/{instance.id}/send-voice",
        headers={"Authorization": f"Bearer {instance.token}"},
        data={"chatId": f"{_CONTACT}@c.us"},
        files={"file": ("note.ogg", note)},
    )
    answer.raise_for_status()


async def _sent(here: _Here, kind: str, sound: bytes) -> Sent:
    notes = here.scale.node_notes
    before = here.spent()
    per_second = await rate_at(here.urls, here.stage.control, here.instances, sound, notes)
    after = here.spent()
    each = {name: (after[name] - before[name]) * 1000 / notes for name in before}
    return Sent(input=kind, notes=notes, per_second=per_second, cpu_ms=each)


async def _takeover(here: _Here, note: bytes) -> float:
    """Kill the last node; notes for all that it held are posted to the first, or to itself started again."""
    killed = here.nodes[-1]
    lost = await _held_by(here, killed)
    arriving = await arrivals(here.stage.control, [_CONTACT], len(lost))
    began = time.perf_counter()
    os.kill(killed.process.pid, signal.SIGKILL)
    await killed.process.wait()
    asked = here.nodes[0] if len(here.nodes) > 1 else await here.stage.start(killed.name)
    async with asyncio.TaskGroup() as group:
        group.create_task(arriving)
        for instance in lost:
            group.create_task(_post(asked, instance, note))
    return time.perf_counter() - began


async def _held_by(here: _Here, node: NodeProcess) -> list[Instance]:
    if here.server is None:
        return here.instances
    holders = await asyncio.to_thread(here.stage.holders)
    return [instance for instance in here.instances if holders.get(instance.id) == node.name]
