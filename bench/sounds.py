"""Inputs of known length: speech-like sound made on the spot, so that every measurement uses the same."""

import math
import tempfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import cast

import av
import numpy as np

from waypost.workers.pool import WorkerPool

RATE_HZ = 44_100


_PIECE_SECONDS = 60.0  # longer sounds repeat it: the arrays of ten minutes would take gigabytes


@cache
def mp3(seconds: float) -> bytes:
    """A mono mp3 of 64 kbit/s: a gliding tone with syllables and a little noise."""
    return _encoded(seconds, "mp3", "mp3", {})


@cache
def m4a(seconds: float, index_first: bool = True) -> bytes:
    """The same sound as AAC of 64 kbit/s in MP4, its index before the sound or behind it."""
    return _encoded(seconds, "ipod", "aac", {"movflags": "+faststart"} if index_first else {})


def _encoded(seconds: float, format: str, codec: str, options: dict[str, str]) -> bytes:
    with tempfile.TemporaryDirectory() as name:
        target = Path(name) / "sound"
        with av.open(str(target), "w", format=format, options=options) as container:
            stream = cast("av.AudioStream", container.add_stream(codec, rate=RATE_HZ))
            stream.layout = "mono"
            stream.bit_rate = 64_000
            for piece in _pieces(seconds):
                frame = av.AudioFrame.from_ndarray(piece.reshape(1, -1), format="s16", layout="mono")
                frame.sample_rate = RATE_HZ
                for packet in stream.encode(frame):
                    container.mux(packet)
            for packet in stream.encode(None):
                container.mux(packet)
        return target.read_bytes()


def _pieces(seconds: float) -> Iterator["np.typing.NDArray[np.int16]"]:
    """The samples, a minute at a time."""
    left = int(seconds * RATE_HZ)
    piece = _samples(min(left, int(_PIECE_SECONDS * RATE_HZ)))
    while left > 0:
        yield piece[:left]
        left -= len(piece)


def _samples(count: int) -> "np.typing.NDArray[np.int16]":
    time_s = np.arange(count) / RATE_HZ
    noise = np.random.default_rng(1).normal(0, 0.02, count)
    voice = np.sin(2 * math.pi * (140 + 40 * np.sin(2 * math.pi * 0.7 * time_s)) * time_s)
    syllables = 0.5 + 0.5 * np.sin(2 * math.pi * 4 * time_s)
    return ((voice * syllables * 0.4 + noise) * 32_000).clip(-32_768, 32_767).astype(np.int16)


async def native_note(seconds: float) -> bytes:
    """The same sound as a native voice note."""
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "in.mp3", Path(name) / "out.ogg"
        source.write_bytes(mp3(seconds))
        async with WorkerPool(workers=1) as pool:
            await pool.convert(source, target)
        return target.read_bytes()
