"""What a long queue costs: memory, accepting, starting with it, and how soon its first notes are out.

The requests wait for an instance that is not paired yet; at the end its code is scanned.
"""

import asyncio
import time
from collections.abc import Mapping, Sequence
from typing import Any

from bench.accept import message
from bench.arrivals import arrivals
from bench.chart import Line, lines
from bench.machine import pss_mb
from bench.scale import Scale
from bench.section import Figures, Section
from bench.sounds import native_note
from bench.town import Town, load, town
from waypost.sandbox.views import NewContact

_CONTACTS = [f"4477009400{number:02}" for number in range(20)]
_ROOM = {"WAYPOST_QUEUE_MAX": "1000000", "WAYPOST_QUEUE_MAX_PER_INSTANCE": "1000000"}
_NOTE_SECONDS = 3.0
_SETTLE_S = 2.0  # what is made ready ahead of its turn


async def run(scale: Scale) -> Figures:
    """A gateway of its own for each depth."""
    note = await native_note(_NOTE_SECONDS)
    rows = []
    for depth in scale.depths:
        async with town(_ROOM) as here:
            rows.append(await _row(here, note, depth, scale))
            # What is still waiting would be sent while a gateway stops in good order.
            await here.pair.gateway.kill()
    return {"rows": rows, "drained": scale.drained, "further": scale.instance_requests}


async def _row(here: Town, note: bytes, depth: int, scale: Scale) -> dict[str, Any]:
    for contact in _CONTACTS:
        await here.sandbox.add_contact(NewContact(f"+{contact}", delivered_after=None))
    instance, _ = await here.create(1)
    path = f"/api/whatsapp/v2/{instance.id}/send-voice"
    calls = [message(path, instance.token, note, contact) for contact in _CONTACTS]
    empty = pss_mb(here.pair.gateway.pid)
    filled = await load(here.pair.url, calls, requests=depth)
    await asyncio.sleep(_SETTLE_S)
    full = pss_mb(here.pair.gateway.pid)
    await here.pair.gateway.kill()
    began = time.perf_counter()
    await here.pair.gateway.start()
    ready = time.perf_counter() - began
    started = pss_mb(here.pair.gateway.pid)
    further = await load(here.pair.url, calls, requests=scale.instance_requests)
    code = await here.new_code(instance)
    arriving = await arrivals(here.sandbox, _CONTACTS, scale.drained)
    await here.pair_up(instance, code)
    began = time.perf_counter()
    await arriving
    return {
        "depth": depth,
        "empty_mb": empty,
        "full_mb": full,
        "started_mb": started,
        "ready_s": ready,
        "filled": filled,
        "further": further,
        "drained_s": time.perf_counter() - began,
    }


def report(figures: Figures) -> Sequence[str]:
    """The table's lines."""
    rows = figures["rows"]
    return [
        f"                gateway's PSS, MB           started   accepting {figures['further']:,} more    "
        f"first {figures['drained']} notes",
        "queue           before   after   started    in s      per s   p50 ms   p99 ms   decrypted after",
        *(
            f"{row['depth']:9,} {row['empty_mb']:12.0f} {row['full_mb']:7.0f} {row['started_mb']:9.0f}"
            f" {row['ready_s']:7.2f} {row['further']['per_second']:10.0f} {row['further']['p50_ms']:8.1f}"
            f" {row['further']['p99_ms']:8.1f} {row['drained_s']:15.2f} s"
            for row in rows
        ),
        f"one more request in the queue: {_bytes_each(rows):,.0f} bytes of the gateway's memory (aim: flat)",
        "started: the gateway is killed and started again with the queue; decrypted after: from the scan of "
        "the QR code",
    ]


def _bytes_each(rows: Sequence[Mapping[str, Any]]) -> float:
    last = rows[-1]
    return float((last["full_mb"] - last["empty_mb"]) * 2**20 / last["depth"])


def charts(figures: Figures) -> Mapping[str, str]:
    """The gateway's memory by depth."""
    rows = figures["rows"]
    shown = [
        Line("after filling", [(row["depth"], row["full_mb"]) for row in rows], 0),
        Line("started with the queue", [(row["depth"], row["started_mb"]) for row in rows], 1),
    ]
    return {"depth": lines("Gateway's memory (PSS, MB) by requests in the queue", shown, x="requests")}


SECTION = Section("depth", "A longer queue, for an instance that is offline", run, report, charts)
