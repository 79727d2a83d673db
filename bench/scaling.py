"""How far one node goes: what notes cost, measured; the same runs simulated; and, where that fits, what lies
beyond (docs/scaling.md)."""

import os
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from bench import page
from bench.beyond import (
    BUSIEST_HOUR,
    BUSY,
    MEMORY,
    NOTES_A_DAY,
    ROUND_TRIP_MS,
    TRUST,
    Measured,
    capacity,
    compare,
    one_instance,
    plan,
    trusted,
    under_load,
)
from bench.chart import Line
from bench.chart import lines as drawn
from bench.commit import sqlite_commit_ms
from bench.costs import KINDS, measure
from bench.delivery import latency
from bench.instances import memory
from bench.nodes_plan import shared_costs
from bench.scale import Scale
from bench.section import Figures, Section
from bench.sounds import mp3
from bench.town import town

_CORES = (1, 2, 4, 8, 16)


async def run(scale: Scale) -> Figures:
    """Costs, latency, memory. From kept runs, if any: what a session takes, from that with most of them, and
    what a note costs nodes that share a database.
    """
    async with town() as here:
        waited = await latency(here, mp3(3.0), "note.mp3", scale.latency_notes)
        one = await memory(here)
        await here.grow(max(scale.senders))
        costs = await measure(here, scale)
        many = await memory(here)
    rows = [{"instances": 1, "all": one["all"]}, {"instances": max(scale.senders), "all": many["all"]}]
    kept = page.load().get("instances")
    session_mb = _slope(rows if kept is None else kept.figures["paired"])
    nodes = page.load().get("nodes")
    found = Measured(
        cores=os.cpu_count() or 1,
        costs=costs,
        latency_p50_ms=waited["p50_ms"],
        commit_ms=sqlite_commit_ms(),
        base_mb=one["all"] - session_mb,
        session_mb=session_mb,
        shared=[] if nodes is None else shared_costs(nodes.figures),
    )
    figures: Figures = msgspec.to_builtins(found)
    return figures


def _slope(rows: Sequence[Mapping[str, Any]]) -> float:
    first, last = rows[0], rows[-1]
    grown: float = (last["all"] - first["all"]) / max(last["instances"] - first["instances"], 1)
    return max(grown, 0.1)


def report(figures: Figures) -> Sequence[str]:
    """The tables' lines; they end with the first where the simulation is too far off to be used."""
    found = msgspec.convert(figures, Measured)
    lines = [*_costs(found), "", *_comparison(found)]
    if not trusted(compare(found)):
        return [*lines, f"off by more than {TRUST:.0%}: nothing is computed from it"]
    return [*lines, "", *_capacities(found), "", *_instances(found), "", *_loads(found), "", *_plans(found)]


def _costs(found: Measured) -> list[str]:
    lines = [f"{'processor ms per note':24}" + "".join(f"{kind:>9}" for kind in KINDS) + f"{'all':>9}"]
    for cost in found.costs:
        spent = "".join(f"{cost.cpu_ms[kind]:9.2f}" for kind in KINDS)
        title = f"{cost.input}, {cost.instances} instance{'s' * (cost.instances > 1)}"
        lines.append(f"{title:24}{spent}{sum(cost.cpu_ms.values()):9.2f}")
    return [
        *lines,
        f"a durable commit {found.commit_ms:.2f} ms; a gateway {found.base_mb:.0f} MB, "
        f"a session {found.session_mb:.2f} MB more",
    ]


def _comparison(found: Measured) -> list[str]:
    rows = compare(found)
    lines = [f"{'the same runs':42}{'measured':>10}{'simulated':>11}{'off':>7}"]
    return lines + [f"{row.what:42}{row.measured:10.1f}{row.simulated:11.1f}{row.off:+7.0%}" for row in rows]


def _capacities(found: Measured) -> list[str]:
    lines = [f"{'one node, network ' + f'{ROUND_TRIP_MS:.0f} ms away':42}{'native/s':>10}{'3 s mp3/s':>11}"]
    for cores in _CORES:
        native, mp3 = (capacity(found, kind, cores).per_second for kind in ("native", "mp3"))
        lines.append(f"{f'{cores} cores':42}{native:10.0f}{mp3:11.0f}")
    return lines


def _instances(found: Measured) -> list[str]:
    lines = [f"{'one instance, its network':42}{'native/s':>10}"]
    lines += [
        f"{f'{far:.0f} ms away':42}{one_instance(found, far).per_second:10.1f}"
        for far in (0.0, 50.0, 100.0, 200.0)
    ]
    return lines


def _loads(found: Measured) -> list[str]:
    lines = [f"{'4 cores, part of what they carry':42}{'p50 ms':>10}{'p99 ms':>11}"]
    for part in (0.3, 0.6, 0.8, 0.95):
        outcome = under_load(found, 4, part)
        lines.append(f"{f'{part:.0%}':42}{outcome.p50_ms:10.0f}{outcome.p99_ms:11.0f}")
    return lines


def _plans(found: Measured) -> list[str]:
    lines = [
        f"{NOTES_A_DAY} notes a day each, {BUSIEST_HOUR:.0%} of them in the busiest hour (assumed);",
        f"nodes of 4 cores and 8 GB, of which {BUSY:.0%} and {MEMORY:.0%} are planned with",
        f"{'instances':42}{'notes/s':>10}{'nodes':>7}{'each':>8}{'connections':>13}  nodes decided by",
    ]
    for instances in (10, 1_000, 100_000):
        one = plan(found, instances, 4, 8.0)
        held = f"{one.connections:,}" if one.nodes > 1 else "SQLite"
        lines.append(
            f"{instances:<42,}{one.notes_per_second:10.2f}{one.nodes:7}{one.per_node:8,}{held:>13}"
            f"  {one.decided_by}"
        )
    many = "measured on PostgreSQL" if found.shared else "those of one node on SQLite"
    return [
        *lines,
        f"processor time per note of several nodes: {many}",
        "connections: to PostgreSQL, most of them of the sessions' stores",
    ]


def charts(figures: Figures) -> Mapping[str, str]:
    """What one node carries by cores, where the simulation is trusted."""
    found = msgspec.convert(figures, Measured)
    if not trusted(compare(found)):
        return {}
    shown = [
        Line(
            "native notes" if kind == "native" else "3 s mp3",
            [(cores, capacity(found, kind, cores).per_second) for cores in _CORES],
            colour,
        )
        for colour, kind in enumerate(("native", "mp3"))
    ]
    return {"scaling": drawn("Notes per second of one node by cores (simulated)", shown, x="cores")}


SECTION = Section("scaling", "Measured, simulated, and beyond", run, report, charts, page="scaling.md")
