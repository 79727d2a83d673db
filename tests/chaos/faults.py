"""What is done to a city: each fault begins, lasts a while and is mended, in one call.

What is promised *while* it lasts (nobody sends for an instance that another node holds) is looked at here;
everything else afterwards, by the ledger.
"""

import asyncio
import contextlib
import os
import random
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from typing import Final

import psutil
from tests.chaos.city import NAMES, City

from waypost.nodes.settings import TenancySettings
from waypost.sandbox.views import NewFailure
from waypost.testing.nodes_stage import NodeProcess
from waypost.testing.processes import halted

Fault = Callable[[City, random.Random], Awaitable[None]]

_TTL_S: Final = TenancySettings().ttl
AGAIN_WITHIN_S: Final = 10.0
_ENGINES_GONE_WITHIN_S: Final = 5.0
_LOOK_S: Final = 0.05


def _connected(processes: Sequence[psutil.Process]) -> list[int]:
    """Those that can send: one that was only being started has no session, and no deadline yet."""
    found = []
    for process in processes:
        with contextlib.suppress(psutil.Error):
            if process.is_running() and process.net_connections("tcp"):
                found.append(process.pid)
    return found


async def kill_node(city: City, chance: random.Random) -> None:
    """kill -9; started again after a while, as another node."""
    node = city.pick(chance)
    engines = node.engines()
    held = await city.holders()
    city.note_death(held, node.name)
    await node.process.kill()
    _, alive = await asyncio.to_thread(psutil.wait_procs, engines, _ENGINES_GONE_WITHIN_S)
    city.broken += [f"engine {one.pid} outlived its node" for one in alive]
    killed = time.monotonic()
    await asyncio.sleep(chance.choice([0.0, chance.uniform(0, _TTL_S), _TTL_S + 2]))
    await city.stage.start(node.name)
    # No other fault until its instances should be sending again.
    await asyncio.sleep(max(killed + AGAIN_WITHIN_S - time.monotonic(), 0))


async def kill_engine(city: City, chance: random.Random) -> None:
    """kill -9 of one engine process."""
    engines = city.pick(chance).engines()
    if engines:
        with contextlib.suppress(ProcessLookupError):
            os.kill(chance.choice(engines).pid, signal.SIGKILL)


async def halt_node(city: City, chance: random.Random) -> None:
    """SIGSTOP for longer than a lease: of the gateway alone, or of its engines too."""
    node = city.pick(chance)
    engines = node.engines()
    both = chance.random() < 0.5
    pids = [node.process.pid, *(one.pid for one in engines if both)]
    with halted(pids):
        async with _engines_end_with_leases(city, node, engines):
            await asyncio.sleep(chance.uniform(_TTL_S + 1, _TTL_S + 3))
    if both:
        # They wake with the deadline long over.
        _, alive = await asyncio.to_thread(psutil.wait_procs, engines, _ENGINES_GONE_WITHIN_S)
        city.broken += [f"engine {one.pid} lives on after its lease" for one in alive]


async def halt_engine(city: City, chance: random.Random) -> None:
    """SIGSTOP of one engine process while its gateway goes on."""
    engines = city.pick(chance).engines()
    if engines:
        with halted([chance.choice(engines).pid]):
            await asyncio.sleep(chance.uniform(1, _TTL_S + 2))


async def cut_node(city: City, chance: random.Random) -> None:
    """No way to the database, while WhatsApp is in reach: refused, or silence."""
    node = city.pick(chance)
    engines = node.engines()
    cable = city.cables[node.name]
    async with _engines_end_with_leases(city, node, engines):
        cable.turn(chance.choice(["cut", "silent"]))
        try:
            await asyncio.sleep(chance.uniform(_TTL_S + 1, _TTL_S + 3))
        finally:
            cable.turn("whole")


async def blink_node(city: City, chance: random.Random) -> None:
    """No way to the database for less than a lease."""
    cable = city.cables[chance.choice(NAMES)]
    cable.turn(chance.choice(["cut", "silent"]))
    try:
        await asyncio.sleep(chance.uniform(0.1, 3))
    finally:
        cable.turn("whole")


async def cut_commits(city: City, chance: random.Random) -> None:
    """Connections break between COMMIT and the answer to it: nobody knows whether it is stored."""
    cable = city.cables[chance.choice(NAMES)]
    # New connections, on which nothing is prepared: so COMMIT is seen to pass.
    cable.turn("cut")
    cable.turn("cut_at_commit")
    try:
        await asyncio.sleep(chance.uniform(0.5, 2))
    finally:
        cable.turn("whole")


async def fail_commits(city: City, chance: random.Random) -> None:
    """Commits fail in the end, at all nodes, some or all of them."""
    await city.sql(f"UPDATE chaos SET share = {chance.choice([0.2, 0.5, 1.0])}")
    try:
        await asyncio.sleep(chance.uniform(0.5, 3))
    finally:
        await city.sql("UPDATE chaos SET share = 0")


async def kill_postgres(city: City, chance: random.Random) -> None:
    """kill -9 of the database; started again at once or after a lease's time."""
    await asyncio.to_thread(city.server.kill)
    try:
        await asyncio.sleep(chance.choice([0.0, 1.0, _TTL_S + 1]))
    finally:
        await asyncio.to_thread(city.server.start)


async def halt_postgres(city: City, chance: random.Random) -> None:
    """The database says nothing for a while."""
    children = psutil.Process(city.server.pid).children(recursive=True)
    with halted([city.server.pid, *(one.pid for one in children)]):
        await asyncio.sleep(chance.uniform(1, _TTL_S + 2))


async def end_backends(city: City, chance: random.Random) -> None:
    """Many connections end in the middle of whatever they do."""
    share = chance.uniform(0.3, 1)
    await city.sql(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
        f"WHERE datname = current_database() AND pid <> pg_backend_pid() AND random() < {share}"
    )


async def fill_disk(city: City, chance: random.Random) -> None:
    """A node's disk is full."""
    with city.full_disk(city.pick(chance)):
        await asyncio.sleep(chance.uniform(2, 5))


async def jump_clock(city: City, chance: random.Random) -> None:
    """Somebody sets a node's clock, and leaves it like that."""
    city.skew(chance.choice(NAMES), chance.choice([-7200.0, -30.0, 0.0, 30.0, 7200.0]))


async def fail_network(city: City, chance: random.Random) -> None:
    """The network drops connections in the middle of a send, is late with acks, or loses uploads."""
    times = chance.randint(1, 6)
    rule = chance.choice(
        [
            NewFailure("drop_connection", times=times, when="before"),
            NewFailure("drop_connection", times=times, when="after"),
            NewFailure("withhold_ack", times=times, seconds=chance.choice([3.0, 8.0])),
            NewFailure("withhold_ack", times=1),
            NewFailure("server_error", times=times, code=503),
            NewFailure("failing_media", times=times, direction="upload", code=chance.choice([500, 503])),
            NewFailure("slow_media", times=times, direction="upload", seconds=4),
            NewFailure("refuse_message", times=1, code=500),
        ]
    )
    failure = await city.stage.control.fail(rule)
    await asyncio.sleep(chance.uniform(1, 4))
    await city.stage.control.end_failure(failure.id)


def together(*faults: Fault) -> Fault:
    """Several at the same time, which have nothing to mend in common."""

    async def all_of_them(city: City, chance: random.Random) -> None:
        async with asyncio.TaskGroup() as tasks:
            for fault in faults:
                tasks.create_task(_begun(fault, city, chance))

    all_of_them.__name__ = "+".join(fault.__name__ for fault in faults)
    return all_of_them


async def _begun(fault: Fault, city: City, chance: random.Random) -> None:
    await fault(city, chance)


FAULTS: Final[tuple[Fault, ...]] = (
    kill_node,
    cut_node,
    fail_network,
    kill_postgres,
    halt_node,
    kill_engine,
    fail_commits,
    cut_commits,
    fill_disk,
    jump_clock,
    halt_engine,
    end_backends,
    halt_postgres,
    blink_node,
)


@contextlib.asynccontextmanager
async def _engines_end_with_leases(
    city: City, node: NodeProcess, engines: Sequence[psutil.Process]
) -> AsyncIterator[None]:
    """Look all the time: once another holds an instance of the node's, none of its engines may have a
    connection, halted or not.
    """
    held = {one for one, holder in (await city.holders()).items() if holder == node.name}
    watching = asyncio.create_task(_watch(city, node, engines, held))
    try:
        yield
    finally:
        watching.cancel()
        await asyncio.gather(watching, return_exceptions=True)
        if not watching.cancelled() and (error := watching.exception()) is not None:
            city.broken.append(f"not watched: {error!r}")


async def _watch(city: City, node: NodeProcess, engines: Sequence[psutil.Process], held: set[str]) -> None:
    began = time.monotonic()
    while True:
        holders = await city.holders()
        moved = [one for one in held if holders.get(one, node.name) != node.name]
        if moved and (alive := _connected(engines)):
            after = time.monotonic() - began
            city.broken.append(
                f"{moved[0]} has another holder, {after:.1f} s after {node.name} was cut off, "
                f"where engine {alive[0]} is still connected"
            )
            return
        await asyncio.sleep(_LOOK_S)
