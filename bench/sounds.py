"""Inputs of known length: speech-like sound made on the spot, so that every measurement uses the same."""

import io
import math
import tempfile
from functools import cache
from pathlib import Path

import av
import numpy as np

from waypost.voice.pool import VoicePool

RATE_HZ = 44_100


@cache
def mp3(seconds: float) -> bytes:
    """A mono mp3 of 64 kbit/s: a gliding tone with syllables and a little noise."""
    count = int(seconds * RATE_HZ)
    time_s = np.arange(count) / RATE_HZ
    noise = np.random.default_rng(1).normal(0, 0.02, count)
    voice = np.sin(2 * math.pi * (140 + 40 * np.sin(2 * math.pi * 0.7 * time_s)) * time_s)
    syllables = 0.5 + 0.5 * np.sin(2 * math.pi * 4 * time_s)
    samples = ((voice * syllables * 0.4 + noise) * 32_000).clip(-32_768, 32_767).astype(np.int16)
    target = io.BytesIO()
    with av.open(target, "w", format="mp3") as container:
        stream = container.add_stream("mp3", rate=RATE_HZ)
        stream.bit_rate = 64_000
        frame = av.AudioFrame.from_ndarray(samples.reshape(1, -1), format="s16", layout="mono")
        frame.sample_rate = RATE_HZ
        for packet in [*stream.encode(frame), *stream.encode(None)]:
            container.mux(packet)
    return target.getvalue()


async def native_note(seconds: float) -> bytes:
    """The same sound as a native voice note."""
    with tempfile.TemporaryDirectory() as name:
        source, target = Path(name) / "in.mp3", Path(name) / "out.ogg"
        source.write_bytes(mp3(seconds))
        async with VoicePool(workers=1) as pool:
            await pool.convert(source, target)
        return target.read_bytes()
