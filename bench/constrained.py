"""The accept path on one core and 512 MB for the whole gateway, while notes are converted and sent.

The gateway, its engine and its voice workers are in the group; the load generator, the sandbox and with it
the recipient are outside, on the other cores.
"""

import asyncio
import os
import resource
import tempfile
import time
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import httpx

from bench.accept import measure, row, server
from bench.arrivals import arrivals
from bench.cgroup import Group, NoGroup, group
from bench.scale import Scale
from bench.section import Figures, Section
from bench.sounds import mp3
from bench.town import CONTACT, Town
from waypost.sandbox.client import SandboxClient
from waypost.sandbox.views import NewContact
from waypost.testing.processes import sandbox_and_gateway

LIMIT_BYTES = 512 * 2**20
_SAMPLE_EVERY_S = 0.1
_NAMES = {
    "quiet": "accept, nothing else",
    "read": "read and forget, converting",
    "busy": "accept, converting",
}


@dataclass
class Watch:
    """The most memory that no file stands behind, seen while it was looked at."""

    most_bytes: int = 0

    async def run(self, of: Group) -> None:
        """Look every tenth of a second until cancelled."""
        while True:
            self.most_bytes = max(self.most_bytes, of.anonymous_bytes())
            await asyncio.sleep(_SAMPLE_EVERY_S)


async def run(scale: Scale) -> Figures:
    """Accept and read-only figures with and without conversions beside them, all on the same single core."""
    async with AsyncExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="waypost-bench-")))
        # Before anything is started: what is started later shares the other cores.
        own = stack.enter_context(_own_core())
        limited, why_not = None, ""
        try:
            limited = stack.enter_context(group(LIMIT_BYTES))
        except NoGroup as missing:
            why_not = str(missing)
        here, accepting = await stack.enter_async_context(_town(folder, limited, own))
        watch = Watch()
        async with asyncio.TaskGroup() as tasks:
            watching = tasks.create_task(watch.run(limited)) if limited else None
            figures = await _measured(here, accepting, scale)
            if watching is not None:
                watching.cancel()
        figures["limit"] = why_not or None
        if limited is not None:
            figures["peak_bytes"] = limited.peak_bytes()
            figures["anonymous_bytes"] = watch.most_bytes
            figures["killed"] = limited.killed()
        return figures


async def _measured(here: Town, accepting: dict[str, Any], scale: Scale) -> Figures:
    requests = scale.constrained_requests
    quiet = await measure(accepting, "send-voice", requests)
    sound, notes = mp3(float(scale.constrained_seconds)), scale.constrained_notes
    arrived = asyncio.create_task(await arrivals(here.sandbox, [CONTACT], notes))
    began = time.perf_counter()
    await asyncio.gather(*(here.send(here.instances[0], sound, "note.mp3") for _ in range(notes)))
    read = await measure(accepting, "read", requests)
    busy = await measure(accepting, "send-voice", requests)
    left = notes - len((await here.sandbox.inbox(f"+{CONTACT}")).messages)
    await arrived
    return {
        "quiet": quiet,
        "read": read,
        "busy": busy,
        "notes": notes,
        "note_seconds": scale.constrained_seconds,
        "on_their_way": left,
        "delivered_seconds": time.perf_counter() - began,
    }


@asynccontextmanager
async def _town(folder: Path, limited: Group | None, core: int) -> AsyncIterator[tuple[Town, dict[str, Any]]]:
    """A sandbox outside of the limits, and within them a gateway with a paired instance and one that only
    accepts."""
    pair = sandbox_and_gateway(folder)
    try:
        await pair.sandbox.start()
        confined = server(
            "gateway",
            limit=None if limited else _heap_of_each,
            sandbox_url=pair.control_url,
            admin_token=pair.admin_token,
        )
        async with AsyncExitStack() as stack:
            with limited.joined() if limited else _nothing(), _pinned(core):
                accepting = await stack.enter_async_context(confined)
            sandbox = await stack.enter_async_context(SandboxClient(pair.control_url))
            http = await stack.enter_async_context(
                httpx.AsyncClient(base_url=accepting["url"], trust_env=False, timeout=120)
            )
            await sandbox.add_contact(NewContact(f"+{CONTACT}", "Ada"))
            here = Town(replace(pair, url=accepting["url"]), sandbox, http, [])
            await here.grow(1)
            yield here, accepting
    finally:
        await pair.sandbox.stop()


def _heap_of_each() -> None:
    """The next best thing without a group: 512 MB of heap for each process."""
    resource.setrlimit(resource.RLIMIT_DATA, (LIMIT_BYTES, LIMIT_BYTES))


@contextmanager
def _own_core() -> Iterator[int]:
    """A core for the gateway alone; this process and what it starts keep to the others, if there are any."""
    before = os.sched_getaffinity(0)
    own = min(before)
    os.sched_setaffinity(0, before - {own} or before)
    try:
        yield own
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _pinned(core: int) -> Iterator[None]:
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {core})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _nothing() -> Iterator[None]:
    yield


def report(figures: Figures) -> Sequence[str]:
    """The table's lines."""
    rates = {name: figures[name]["per_second"] for name in _NAMES}
    return [
        *(row(title, figures[name], 28) for name, title in _NAMES.items()),
        f"accept, converting : read and forget, converting = {rates['busy'] / rates['read']:.2f}",
        f"accept, converting : accept, nothing else = {rates['busy'] / rates['quiet']:.2f}",
        f"{figures['notes']} notes of {figures['note_seconds']} s: {figures['on_their_way']} were under way "
        f"when the load ended, all decrypted by the recipient after {figures['delivered_seconds']:.1f} s",
        _memory(figures),
    ]


def _memory(figures: Figures) -> str:
    if figures["limit"]:
        return f"512 MB are the heap of each process, not of all together: {figures['limit']}"
    peak, anonymous = figures["peak_bytes"] / 2**20, figures["anonymous_bytes"] / 2**20
    return (
        f"memory of the gateway's processes together: at most {anonymous:.0f} MB of their own, {peak:.0f} MB "
        f"with the file cache, which fills what is there; killed for want of memory: {figures['killed']}"
    )


SECTION = Section(
    "constrained",
    "Accepting on one core and 512 MB for the whole gateway, while ten 60 s notes are converted and sent",
    run,
    report,
)
