"""What a longer note costs: time per second of sound, and the most memory that its worker held."""

import asyncio
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.chart import Line, lines
from bench.scale import Scale
from bench.section import Figures, Section
from bench.sounds import mp3
from waypost.workers.pool import WorkerPool

_ROUNDS = 3
_LONG_SECONDS = 60  # beyond it one turn says enough


async def run(scale: Scale) -> Figures:
    """A fresh worker for each length, so that its peak is this note's."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        for seconds in scale.note_lengths:
            source = Path(name) / f"{seconds}.mp3"
            source.write_bytes(await asyncio.to_thread(mp3, seconds))
            rows.append(await _row(source, seconds))
    return {"rows": rows}


async def _row(source: Path, seconds: int) -> dict[str, Any]:
    target, taken = source.with_suffix(".ogg"), []
    async with WorkerPool(workers=1) as pool:
        await pool.warm()
        warm = _peak_mb(pool.pids[0])
        for _ in range(1 if seconds > _LONG_SECONDS else _ROUNDS):
            began = time.perf_counter()
            await pool.convert(source, target)
            taken.append(time.perf_counter() - began)
        peak = _peak_mb(pool.pids[0])
    return {
        "seconds": seconds,
        "took_s": statistics.median(taken),
        "warm_mb": warm,
        "peak_mb": peak,
        "bytes": target.stat().st_size,
    }


def _peak_mb(pid: int) -> float:
    """The most resident memory of a process so far."""
    rows = (line.split() for line in Path(f"/proc/{pid}/status").read_text().splitlines())
    return next(int(row[1]) / 1024 for row in rows if row and row[0] == "VmHWM:")


def report(figures: Figures) -> Sequence[str]:
    """The table's lines."""
    return [
        "mp3 of        took   ms per second of sound   worker's most memory     note",
        *(
            f"{row['seconds']:5} s {row['took_s'] * 1000:7.0f} ms"
            f" {row['took_s'] * 1000 / row['seconds']:15.1f}"
            f" {row['peak_mb']:20.0f} MB {row['bytes'] / 1000:12.0f} kB"
            for row in figures["rows"]
        ),
        f"(most resident memory, the libraries included; a worker that has done nothing: "
        f"{figures['rows'][0]['warm_mb']:.0f} MB)",
    ]


def charts(figures: Figures) -> Mapping[str, str]:
    """Time per second of sound, and memory."""
    rows = figures["rows"]
    shown = [
        Line("ms per second", [(row["seconds"], row["took_s"] * 1000 / row["seconds"]) for row in rows], 0),
        Line("worker's most memory, MB", [(row["seconds"], row["peak_mb"]) for row in rows], 2),
    ]
    return {"length": lines("A longer note", shown, x="seconds")}


SECTION = Section("length", "A longer note: 1 s to 10 min of mp3 through one worker", run, report, charts)
