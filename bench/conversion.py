"""How long a note takes to make, against spawning ffmpeg for it as other gateways do.

All decode the same file and encode it with libopus. The first command does it with our bitrate, application
and compression level; the others with those of their gateways. Ours also joins packets, computes waveform and
duration, hashes and checks. Ratios count, seconds do not.
"""

import asyncio
import io
import shlex
import shutil
import statistics
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import av

from bench.chart import Bar, bars
from bench.field import FIELD, Command, same_settings
from bench.machine import ffmpeg_version
from bench.scale import Scale
from bench.section import Figures, Section
from bench.sounds import m4a, mp3
from waypost.errors import VoiceError
from waypost.voice.limits import NOTE_RATE, Limits
from waypost.voice.verify import verify
from waypost.workers.pool import WorkerPool

AIMS = {"3": 0.3, "15": 0.5}
INDEX_LAST = "m4a, index at its end"
_NICE = ("nice", "-n", "5")  # as nice to others as our workers are


@dataclass(frozen=True)
class Note:
    """What a spawn gave: None for the bytes when it failed, with what it said last."""

    seconds: float
    data: bytes | None
    said: str = ""


async def run(scale: Scale) -> Figures:
    """Median seconds of each program, taken by turns, through one warm worker on our side."""
    commands = [same_settings(NOTE_RATE, Limits().bitrates[0]), *FIELD] if shutil.which("ffmpeg") else []
    figures: Figures = {
        "ffmpeg": ffmpeg_version(),
        "commands": [[one.name, shlex.join(one.line()), one.source] for one in commands],
        "inputs": [],
    }
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        folder = Path(name)
        async with WorkerPool(workers=1) as pool:
            began = time.perf_counter()
            await pool.warm()
            figures["worker_start_seconds"] = time.perf_counter() - began
            for seconds in scale.lengths:
                for kind, make in (("mp3", mp3), ("m4a", m4a)):
                    source = folder / f"{seconds}.{kind}"
                    source.write_bytes(await asyncio.to_thread(make, seconds))
                    rows = await _compare(pool, source, commands, scale.rounds)
                    figures["inputs"].append({"seconds": seconds, "kind": kind, "rows": rows})
            # Phones and recorders that write in one go leave the index for the end; a pipe can't be rewound.
            last = folder / "last.m4a"
            last.write_bytes(await asyncio.to_thread(m4a, scale.lengths[-1], index_first=False))
            rows = await _compare(pool, last, commands, 2)
            figures["inputs"].append({"seconds": scale.lengths[-1], "kind": INDEX_LAST, "rows": rows})
    return figures


async def _compare(
    pool: WorkerPool, source: Path, commands: Sequence[Command], rounds: int
) -> dict[str, dict[str, Any]]:
    notes: dict[str, list[Note]] = {name: [] for name in ("Waypost", *(one.name for one in commands))}
    for _ in range(rounds):
        notes["Waypost"].append(await _convert(pool, source))
        for command in commands:
            notes[command.name].append(await _spawn(command, source))
    return {name: _row(taken) for name, taken in notes.items()}


async def _convert(pool: WorkerPool, source: Path) -> Note:
    target = source.with_suffix(".ours")
    began = time.perf_counter()
    await pool.convert(source, target)
    return Note(time.perf_counter() - began, target.read_bytes())


async def _spawn(command: Command, source: Path) -> Note:
    target = source.with_suffix(".theirs.ogg")
    target.unlink(missing_ok=True)
    fed = source.read_bytes() if command.piped else None
    began = time.perf_counter()
    process = await asyncio.create_subprocess_exec(
        *_NICE,
        *command.line(str(source), str(target)),
        stdin=asyncio.subprocess.PIPE if command.piped else asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    out, errors = await process.communicate(fed)
    seconds = time.perf_counter() - began
    if process.returncode:
        return Note(seconds, None, errors.decode(errors="replace").strip().splitlines()[-1])
    return Note(seconds, out if command.piped else target.read_bytes())


def _row(notes: Sequence[Note]) -> dict[str, Any]:
    made = notes[-1]
    if made.data is None:
        return {"failed": made.said}
    return {
        "seconds": statistics.median(note.seconds for note in notes[1:]),
        "bytes": len(made.data),
        "sound_seconds": _sound_seconds(made.data),
        "not_native": _not_native(made.data),
    }


def _sound_seconds(note: bytes) -> float:
    """How much of the sound is there: ffmpeg may end well with next to nothing."""
    try:
        with av.open(io.BytesIO(note), "r") as container:
            return sum(frame.samples / frame.sample_rate for frame in container.decode(audio=0))
    except av.error.FFmpegError:
        return 0.0


def _not_native(note: bytes) -> str | None:
    """Why the recipient's phone would not take it for one of its own; None when it would."""
    try:
        verify(note)
    except VoiceError as error:
        return str(error.facts["reason"])
    return None


def report(figures: Figures) -> Sequence[str]:
    """Lines to read."""
    lines = [f"a worker starts in {figures['worker_start_seconds']:.2f} s"]
    if figures["ffmpeg"] is None:
        lines.append("ffmpeg: not measured, there is none on this machine")
    else:
        lines.append(f"ffmpeg {figures['ffmpeg']}, each run under `{' '.join(_NICE)}`, as our workers are:")
    for name, command, source in figures["commands"]:
        lines += [f"  {name}{f' ({source})' if source else ''}:", f"    {command}"]
    for of in figures["inputs"]:
        lines += ["", f"{of['seconds']} s of {of['kind']}"]
        ours = of["rows"]["Waypost"]["seconds"]
        lines += [_line(name, row, ours, of) for name, row in of["rows"].items()]
    return lines


def _line(name: str, row: Mapping[str, Any], ours: float, of: Mapping[str, Any]) -> str:
    if "failed" in row:
        return f"  {name:21} fails: {row['failed']}"
    if row["sound_seconds"] < of["seconds"] * 0.9:
        return f"  {name:21} says that all went well, and makes {row['sound_seconds']:.1f} s of sound"
    native = "native" if row["not_native"] is None else f"not native: {row['not_native']}"
    line = f"  {name:21} {row['seconds'] * 1000:5.0f} ms  {row['bytes'] / 1000:6.1f} kB  {native}"
    if name == "Waypost":
        return line
    aim = AIMS.get(str(of["seconds"])) if "our settings" in name and of["kind"] == "mp3" else None
    return f"{line}; Waypost : this = {ours / row['seconds']:.2f}{f' (aim ≤ {aim})' if aim else ''}"


def charts(figures: Figures) -> Mapping[str, str]:
    """Milliseconds per note."""
    shown = []
    for of in figures["inputs"]:
        if of["kind"] != "mp3":
            continue
        rows = {name: row for name, row in of["rows"].items() if "seconds" in row}
        for index, (name, row) in enumerate(rows.items()):
            group = "" if index else f"{of['seconds']} s of {of['kind']}"
            shown.append(Bar(name, row["seconds"] * 1000, 0 if name == "Waypost" else 1, group))
    return {"conversion": bars("Making a voice note: milliseconds", shown, left=190)}


SECTION = Section(
    "conversion",
    "Converting, warm pool against one spawn of ffmpeg per note, as other gateways do",
    run,
    report,
    charts,
)
