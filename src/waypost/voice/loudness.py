"""How loud a sound is, and what factor brings it to a target (EBU R128, ITU-R BS.1770).

The factor is one for the whole note: no compressor, no limiter, so speech keeps its dynamics, and peaks
decide how far up it may go. Levels are those of the mono sound that a note holds, one channel as BS.1770
counts it; a meter that is shown two equal channels reads 3 LU more.
"""

import errno
import math
from dataclasses import dataclass
from typing import Final

import av.error
from av.audio.frame import AudioFrame
from av.filter.graph import Graph

from waypost.voice.decode import Decoding, Tick, translated
from waypost.voice.limits import NOTE_RATE
from waypost.voice.resample import METER_MIX

CEILING_DB: Final = -1.0
"""dBTP; the highest true peak after a gain, as EBU R128 asks of everything that is encoded afterwards."""

MOST_GAIN_DB: Final = 30.0
"""A recording that needs more holds mostly the noise of its room."""

NEAR_DB: Final = 0.5
"""A native note this close to the target is left as it is: encoding it once more would cost more than that
is worth."""

_GATE_LUFS: Final = -70.0
"""What BS.1770 counts as silence; the meter says so where nothing is louder."""

_STEP: Final = NOTE_RATE // 10
"""Samples between two readings of FFmpeg's meter."""

_SHORTEST: Final = 4 * _STEP
"""Samples of one gating block (0.4 s); what is shorter is measured with silence behind it."""


@dataclass(frozen=True, slots=True)
class Loudness:
    """Of a whole mono sound."""

    lufs: float
    """Integrated; -70 where there is nothing to hear."""
    true_peak: float
    """Between samples too; 1.0 is full scale, and a mix that was not scaled may exceed it."""


def gain_for(found: Loudness, target: float | None) -> float:
    """The factor that brings `found` to `target` LUFS, or as near as its peaks allow.

    Without a target, and for silence, 1.0; less where the peaks exceed full scale.
    """
    if not (math.isfinite(found.lufs) and math.isfinite(found.true_peak)) or not found.true_peak:
        return 1.0
    if target is None or found.lufs <= _GATE_LUFS:
        return min(1.0, 1.0 / found.true_peak)
    wanted = min(target - found.lufs, MOST_GAIN_DB)
    return 10 ** (min(wanted, CEILING_DB - decibels(found.true_peak)) / 20)


def decibels(factor: float) -> float:
    """A factor of amplitude in dB."""
    return 20 * math.log10(factor)


def measure(decoding: Decoding, tick: Tick) -> Loudness:
    """Hear `decoding` to its end. Raises what `Decoding.frames` does."""
    meter = LoudnessMeter()
    for frame in decoding.frames(tick, METER_MIX):
        with translated():
            meter.add(frame)
    with translated():
        return meter.finish()


class LoudnessMeter:
    """Takes frames of floating-point mono at 16 kHz, in constant memory."""

    def __init__(self) -> None:
        self._graph = Graph()
        self._graph.threads = 1
        source = self._graph.add(
            "abuffer",
            sample_rate=str(NOTE_RATE),
            sample_fmt="flt",
            channel_layout="mono",
            time_base=f"1/{NOTE_RATE}",
        )
        meter = self._graph.add("ebur128", metadata="1", peak="true", framelog="quiet")
        sink = self._graph.add("abuffersink")
        source.link_to(meter)
        meter.link_to(sink)
        self._graph.configure()
        self._samples = 0
        self._found = Loudness(_GATE_LUFS, 0.0)

    def add(self, frame: AudioFrame) -> None:
        """Measure one more frame."""
        frame.pts = None
        self._samples += frame.samples
        self._graph.push(frame)
        self._read()

    def finish(self) -> Loudness:
        """What was heard in all."""
        # Readings come with whole steps; the last one needs its step filled.
        missing = max(_SHORTEST - self._samples, -self._samples % _STEP)
        if missing:
            self.add(_silence(missing))
        self._graph.push(None)
        self._read()
        return self._found

    def _read(self) -> None:
        while True:
            try:
                frame = self._graph.pull()
            except av.error.EOFError:
                return
            except av.error.FFmpegError as error:
                if error.errno == errno.EAGAIN:
                    return
                raise
            if told := frame.metadata:
                self._found = Loudness(float(told["lavfi.r128.I"]), float(told["lavfi.r128.true_peak"]))


def _silence(samples: int) -> AudioFrame:
    frame = AudioFrame(format="flt", layout="mono", samples=samples)
    frame.sample_rate = NOTE_RATE
    frame.planes[0].update(bytes(4 * samples))
    return frame
