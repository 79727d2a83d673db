"""What more instances cost: memory, accepting, starting, and coming back after kill -9.

Paired instances as far as the scale goes, then rows of the database without a session, which cost what the
gateway itself spends on knowing an instance.
"""

import asyncio
import os
import signal
import sqlite3
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.accept import NOTE_SECONDS, message
from bench.chart import Line, lines
from bench.machine import family, pss_mb
from bench.plain import plain
from bench.scale import Scale
from bench.section import Figures, Section
from bench.sounds import native_note
from bench.town import Town, load, town
from waypost.testing.baileys.install import BaileysMissing

AIM_MB = 350
AIM_BACK_S = 3
_KINDS = ("gateway", "engine", "voice", "other")
_SETTLE_WITHIN_S = 30.0
# The load shares the gateway's cores: few callers show what a call takes, not how many fit.
_CALLERS = 8


async def run(scale: Scale) -> Figures:
    """Grow by pairing, then by rows; at the end the same numbers of sessions in a plain Baileys script."""
    note = await native_note(NOTE_SECONDS)
    paired, simulated = [], []
    async with town() as here:
        for count in scale.instances:
            began = time.perf_counter()
            await here.grow(count)
            row = {"instances": count, "pairing_s": time.perf_counter() - began, **await memory(here)}
            row |= {"accept": await _accept(here, note, scale), **await recovery(here)}
            paired.append(row)
        for count in scale.simulated:
            await here.pair.gateway.stop()
            _add_rows(here, count - len(here.instances))
            began = time.perf_counter()
            await here.pair.gateway.start()
            row = {"instances": count, "ready_s": time.perf_counter() - began}
            await here.all_working()
            row |= {**await memory(here), "accept": await _accept(here, note, scale)}
            simulated.append(row)
        await here.pair.gateway.stop()
        return {
            "paired": paired,
            "simulated": simulated,
            "baileys": await _baileys(here, note, scale.plain),
        }


async def memory(town: Town) -> dict[str, Any]:
    """PSS in MB of gateway, engine processes and voice workers, once pairing processes are gone."""
    began = time.monotonic()
    processes = len(family(town.pair.gateway.pid)["engine"])
    while time.monotonic() - began < _SETTLE_WITHIN_S:
        await asyncio.sleep(1)
        now = len(family(town.pair.gateway.pid)["engine"])
        if now == processes:
            break
        processes = now
    found = family(town.pair.gateway.pid)
    figures = {kind: sum(pss_mb(pid) for pid in found[kind]) for kind in _KINDS}
    return {**figures, "all": sum(figures.values()), "engine_processes": len(found["engine"])}


async def _accept(town: Town, note: bytes, scale: Scale) -> dict[str, Any]:
    """Accepting for an instance that is offline, so that nothing is sent meanwhile."""
    offline = await town.offline_instance("offline")
    sent = message(f"/api/whatsapp/v2/{offline.id}/send-voice", offline.token, note)
    figures = await load(town.pair.url, [sent], requests=scale.instance_requests, connections=_CALLERS)
    await town.delete(offline)
    return figures


async def recovery(town: Town) -> dict[str, Any]:
    """Seconds from kill -9 of the engine processes, then of the gateway, until all instances are WORKING."""
    began = time.perf_counter()
    for pid in family(town.pair.gateway.pid)["engine"]:
        os.kill(pid, signal.SIGKILL)
    async with asyncio.timeout(10):  # until the gateway has seen that its sessions are gone
        while await town.working() == len(town.instances):
            await asyncio.sleep(0.005)
    await town.all_working()
    engine = time.perf_counter() - began
    began = time.perf_counter()
    await town.pair.gateway.kill()
    await town.pair.gateway.start()
    ready = time.perf_counter() - began
    await town.all_working()
    return {"engine_back_s": engine, "ready_s": ready, "gateway_back_s": time.perf_counter() - began}


def _add_rows(town: Town, count: int) -> None:
    """Instances that were logged out: rows that the gateway loads, without sessions."""
    rows = [
        (f"00000000-0000-4000-8000-{number:012}", f"row {number}", f"4477100{number:05}")
        for number in range(count)
    ]
    database = sqlite3.connect(town.pair.folder / "gateway" / "waypost.db")
    with database:
        database.executemany(
            "INSERT OR IGNORE INTO instances (id, name, phone, network, created_at, ended) "
            "VALUES (?, ?, ?, 'sandbox', 0, 'logged_out_here')",
            rows,
        )
    database.close()


async def _baileys(town: Town, note: bytes, counts: Sequence[int]) -> dict[str, Any]:
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        try:
            async with plain(town.sandbox, Path(name), note) as script:
                rows = []
                for count in counts:
                    seconds = await script.grow(count)
                    await asyncio.sleep(2)  # key uploads and saves that pairing has begun
                    rows.append({"instances": count, "pairing_s": seconds, "all": script.pss_mb()})
                return {"version": script.version, "rows": rows}
        except BaileysMissing as missing:
            return {"missing": str(missing)}


def report(figures: Figures) -> Sequence[str]:
    """The tables' lines."""
    first, last = figures["paired"][0], figures["paired"][-1]
    told = [
        "                    PSS, MB                            accepting, 8 callers       seconds",
        "instances           gateway engine voice   all        per s   p50 ms   p99 ms    until ready",
        *(_row(f"{row['instances']:,} paired", row) for row in figures["paired"]),
        *(_row(f"{row['instances']:,} (rows only)", row) for row in figures["simulated"]),
        f"rows only: simulated, {last['instances']} paired and the rest without a session",
        f"aim with 100 paired: ≤ {AIM_MB} MB, all back in ≤ {AIM_BACK_S} s",
    ]
    told += [
        f"{row['instances']:,} back after kill -9 of the engine processes: {row['engine_back_s']:.2f} s, "
        f"of the gateway: {row['gateway_back_s']:.2f} s"
        for row in figures["paired"]
    ]
    told.append(
        f"one more paired instance: {_slope(first, last):.2f} MB; pairing {last['instances']}: "
        f"{sum(row['pairing_s'] for row in figures['paired']):.0f} s"
    )
    return [*told, "", *_baileys_report(figures["baileys"])]


def _row(name: str, row: Mapping[str, Any]) -> str:
    accept = row["accept"]
    load = f"{accept['per_second']:10.0f} {accept['p50_ms']:8.1f} {accept['p99_ms']:8.1f}"
    return (
        f"{name:19} {row['gateway']:7.0f} {row['engine']:6.0f} {row['voice']:5.0f} {row['all']:5.0f}"
        f"   {load} {row['ready_s']:14.2f}"
    )


def _slope(first: Mapping[str, Any], last: Mapping[str, Any]) -> float:
    return float((last["all"] - first["all"]) / max(1, last["instances"] - first["instances"]))


def _baileys_report(figures: Mapping[str, Any]) -> Sequence[str]:
    if "missing" in figures:
        return [f"plain Baileys script: not measured. {figures['missing']}"]
    rows = figures["rows"]
    held = ", ".join(f"{row['instances']}: {row['all']:.0f} MB" for row in rows)
    return [
        f"the same sessions in a plain script ({figures['version']}, one process), PSS: {held}",
        f"one more session: {_slope(rows[0], rows[-1]):.2f} MB; pairing {rows[-1]['instances']}: "
        f"{sum(row['pairing_s'] for row in rows):.0f} s",
    ]


def charts(figures: Figures) -> Mapping[str, str]:
    """Memory by number of instances."""
    shown = [
        Line("Waypost, all processes", [(row["instances"], row["all"]) for row in figures["paired"]], 0),
        Line(
            "Waypost, gateway alone",
            [(row["instances"], row["gateway"]) for row in (*figures["paired"], *figures["simulated"])],
            2,
        ),
    ]
    if rows := figures["baileys"].get("rows"):
        shown.append(Line("plain Baileys script", [(row["instances"], row["all"]) for row in rows], 1))
    title = "Memory (PSS, MB) by instances"
    return {"instances": lines(title, shown, x="instances", aim=("aim at 100", AIM_MB))}


SECTION = Section(
    "instances", "More instances: memory, accepting, starting, coming back after kill -9", run, report, charts
)
