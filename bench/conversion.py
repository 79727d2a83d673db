"""How long a note takes to make, against spawning ffmpeg for it: `python -m bench.conversion`.

Both decode the same MP3 to 16 kHz mono and encode it with libopus at the same bitrate, application and
compression level; ours also joins packets, computes waveform and duration, hashes and checks. Ratios count,
seconds do not.
"""

import asyncio
import json
import shlex
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

from bench.sounds import mp3
from waypost.voice.limits import NOTE_RATE, Limits
from waypost.voice.pool import VoicePool

LENGTHS_SECONDS = (3, 15, 60)
ROUNDS = 9
AIMS = {3: 0.3, 15: 0.5}


def ffmpeg_command(source: str, target: str, bitrate: int) -> list[str]:
    """The same work in one ffmpeg process, as nice to others as our workers are."""
    return [
        *(
            "nice",
            "-n",
            "5",
            "ffmpeg",
            "-nostdin",
            "-v",
            "error",
            "-y",
            "-i",
            source,
            "-map",
            "0:a:0",
            "-ac",
            "1",
        ),
        *("-ar", str(NOTE_RATE), "-c:a", "libopus", "-b:a", str(bitrate), "-application", "voip"),
        *("-vbr", "on", "-frame_duration", "20", "-compression_level", "10", target),
    ]


async def run() -> dict[str, Any]:
    """Median seconds of `ROUNDS` turns each, taken alternately, through one warm worker; ffmpeg's are None
    without it."""
    bitrate = Limits().bitrates[0]
    results: dict[str, Any] = {
        "command": shlex.join(ffmpeg_command("in.mp3", "out.ogg", bitrate)),
        "ffmpeg": shutil.which("ffmpeg"),
    }
    with tempfile.TemporaryDirectory(prefix="waypost-bench-") as name:
        folder = Path(name)
        async with VoicePool(workers=1) as pool:
            began = time.perf_counter()
            await pool.warm()
            results["worker_start_seconds"] = time.perf_counter() - began
            for seconds in LENGTHS_SECONDS:
                results[f"{seconds}s"] = await _compare(pool, folder, seconds, bitrate)
    return results


async def _compare(pool: VoicePool, folder: Path, seconds: int, bitrate: int) -> dict[str, float | None]:
    source, target = folder / f"{seconds}.mp3", folder / "out.ogg"
    await asyncio.to_thread(source.write_bytes, mp3(seconds))
    ours: list[float] = []
    theirs: list[float] = []
    command = ffmpeg_command(str(source), str(folder / "ffmpeg.ogg"), bitrate)
    found = shutil.which("ffmpeg")
    for _ in range(ROUNDS):
        ours.append(await _timed(lambda: pool.convert(source, target)))
        if found:
            theirs.append(await _timed(lambda: _spawn(command)))
    waypost = statistics.median(ours[1:])
    ffmpeg = statistics.median(theirs[1:]) if theirs else None
    return {"waypost": waypost, "ffmpeg": ffmpeg, "ratio": waypost / ffmpeg if ffmpeg else None}


async def _timed(call: Callable[[], Awaitable[object]]) -> float:
    began = time.perf_counter()
    await call()
    return time.perf_counter() - began


async def _spawn(command: list[str]) -> None:
    process = await asyncio.create_subprocess_exec(*command)
    if await process.wait():
        raise RuntimeError(f"{command[0]} failed")


def report(results: dict[str, Any]) -> list[str]:
    """Lines to read."""
    lines = [f"ffmpeg: {results['command']}", f"a worker starts in {results['worker_start_seconds']:.2f} s"]
    for seconds in LENGTHS_SECONDS:
        row = results[f"{seconds}s"]
        line = f"{seconds:3} s of mp3: {row['waypost'] * 1000:5.0f} ms"
        if row["ratio"] is None:
            line += ", ffmpeg not measured"
        else:
            aim = f" (aim {AIMS[seconds]})" if seconds in AIMS else ""
            line += f", ffmpeg {row['ffmpeg'] * 1000:5.0f} ms, ratio {row['ratio']:.2f}{aim}"
        lines.append(line)
    return lines


if __name__ == "__main__":
    measured = asyncio.run(run())
    print(json.dumps(measured) if "--json" in sys.argv else "\n".join(report(measured)))
