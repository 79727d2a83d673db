"""The same native notes sent by Waypost and by a plain Baileys script, through the same sandbox.

Waypost's way begins with an HTTP call and a commit; the script's with a call of `sendMessage` in its own
process. Both end where the recipient has decrypted and checked the note.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.arrivals import arrivals
from bench.chart import Bar, bars
from bench.delivery import CONTACTS, WARMING, latency, percentiles, rate
from bench.machine import family, processor_s
from bench.plain import Plain, plain
from bench.scale import Scale
from bench.section import Figures, Section
from bench.sounds import native_note
from bench.town import Town, town
from waypost.sandbox.views import NewContact
from waypost.testing.baileys.install import BaileysMissing

_LONELY = "447700910002"
_OPENING = 40  # notes that are not counted: they open the Signal sessions


async def run(scale: Scale) -> Figures:
    """First Waypost, then the script, each with nothing else under way."""
    note, notes = await native_note(3.0), scale.rate_notes
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        async with town() as here:
            for contact in (*CONTACTS, _LONELY):
                await here.sandbox.add_contact(NewContact(f"+{contact}", delivered_after=None))
            figures: Figures = {
                "notes": notes,
                "waypost": {
                    **await latency(here, note, "note.ogg", scale.latency_notes),
                    **await _ours(here, note, notes),
                },
            }
            try:
                async with plain(here.sandbox, Path(name), note) as script:
                    figures["baileys"] = await _theirs(here, script, scale)
            except BaileysMissing as missing:
                figures["missing"] = str(missing)
    return figures


async def _theirs(here: Town, script: Plain, scale: Scale) -> dict[str, Any]:
    await script.grow(1)
    waited = await _latency(here, script, scale.latency_notes)
    notes = scale.rate_notes
    await _rate(here, script, _OPENING, 1)
    before = processor_s([script.pid])
    one = await _rate(here, script, notes, 1)
    spent = (processor_s([script.pid]) - before) * 1000 / notes
    four = await _rate(here, script, notes, len(CONTACTS))
    return {
        "version": script.version,
        **waited,
        "per_second": one,
        "per_second_4": four,
        "processor_ms": spent,
    }


async def _latency(here: Town, script: Plain, notes: int) -> dict[str, float]:
    taken: list[float] = []
    after = 0
    for number in range(notes + WARMING):
        began = time.perf_counter()
        sending = asyncio.create_task(script.send(_LONELY))
        after = (await here.sandbox.inbox(f"+{_LONELY}", after, 20)).last
        if number >= WARMING:
            taken.append((time.perf_counter() - began) * 1000)
        await sending
    return percentiles(taken)


async def _ours(here: Town, note: bytes, notes: int) -> dict[str, float]:
    """Twice, since the first turn starts the voice workers that the second is charged for."""
    await rate(here, here.instances, note, notes)
    pids = [pid for kind in family(here.pair.gateway.pid).values() for pid in kind]
    before = processor_s(pids)
    per_second = await rate(here, here.instances, note, notes)
    return {"per_second": per_second, "processor_ms": (processor_s(pids) - before) * 1000 / notes}


async def _rate(here: Town, script: Plain, notes: int, together: int) -> float:
    """Notes per second until the last was decrypted."""
    waiting = await arrivals(here.sandbox, CONTACTS, notes)
    began = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        group.create_task(waiting)
        group.create_task(script.burst(CONTACTS, notes, together))
    return notes / (time.perf_counter() - began)


def report(figures: Figures) -> Sequence[str]:
    """The table's lines."""
    ours, theirs = figures["waypost"], figures.get("baileys")
    lines = [
        _line("Waypost (POST → decrypted)", ours, ours["per_second"]),
    ]
    if theirs is None:
        return [*lines, f"plain Baileys script: not measured. {figures['missing']}"]
    one, four = theirs["per_second"], theirs["per_second_4"]
    return [
        f"{theirs['version']}, all in one process, keys cached in memory",
        *lines,
        _line("script (sendMessage → decrypted)", theirs, one),
        f"{'the same, 4 chats at once':34} {'':31}{four:6.1f} notes/s",
        f"notes/s, Waypost : script = {ours['per_second'] / one:.2f}, "
        f"with 4 chats at once {ours['per_second'] / four:.2f}",
        f"latency p50, Waypost : script = {ours['p50_ms'] / theirs['p50_ms']:.2f}",
        f"processor time per note, all processes: Waypost {ours['processor_ms']:.1f} ms, "
        f"script {theirs['processor_ms']:.1f} ms",
        f"{figures['notes']} native notes of 3 s to 4 contacts; Waypost answers HTTP and commits on the way",
    ]


def _line(name: str, row: Mapping[str, Any], per_second: float) -> str:
    return f"{name:34} p50 {row['p50_ms']:5.0f} ms   p99 {row['p99_ms']:5.0f} ms   {per_second:6.1f} notes/s"


def charts(figures: Figures) -> Mapping[str, str]:
    """Notes per second and latency, where there is something to compare with."""
    if "baileys" not in figures:
        return {}
    ours, theirs = figures["waypost"], figures["baileys"]
    rates = [
        Bar("Waypost", ours["per_second"], 0, "native notes per second, one account"),
        Bar("Baileys script, one by one", theirs["per_second"], 1),
        Bar("Baileys script, 4 chats at once", theirs["per_second_4"], 1),
    ]
    return {"baileys": bars("Sending through the sandbox", rates, "{:.1f}", left=230)}


SECTION = Section(
    "baileys", "Sending the same native notes by Waypost and by a plain Baileys script", run, report, charts
)
