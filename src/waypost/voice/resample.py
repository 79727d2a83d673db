"""One filter graph from whatever was decoded to mono.

Left and right count half each, so what both hold keeps its level and nothing clips. FFmpeg's own rule for
more channels divides by all of them: the voice of a film, which is in the middle, would come out at a third.
Here the middle counts as a voice that is spread over left and right does (0.71), surround channels half of
that; the sum may then exceed full scale, so it stays in floating point until the gain that the caller
measured has been applied.
"""

import errno
import math
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from itertools import pairwise
from typing import Final

import av.error
from av.audio.frame import AudioFrame
from av.filter.context import FilterContext
from av.filter.graph import Graph

_BATCH_SECONDS: Final = 0.24
"""Handing frames on one by one costs more than resampling them."""


_EVEN_CHANNELS: Final = 2
"""Up to here no mix can exceed full scale."""

_ITU_SHARE: Final = math.sqrt(0.5)
"""FFmpeg's unscaled weights (ITU-R BS.775: front 0.71, middle 1, surround 0.5) times this give left and right
a half each."""

_NO_SCALING: Final = 1000
"""A sum of weights that no layout reaches."""


@dataclass(frozen=True, slots=True)
class Mix:
    """What comes out: factor that samples are multiplied with, and FFmpeg's name of their format."""

    gain: float = 1.0
    sample_format: str = "s16"


NOTE_MIX: Final = Mix()
METER_MIX: Final = Mix(sample_format="flt")
"""Unclipped, for measuring."""


def may_exceed(channels: int) -> bool:
    """Whether a mix of so many channels may exceed full scale, so that it has to be measured first."""
    return channels > _EVEN_CHANNELS


class Resampler:
    """Converts frames of one shape (format, layout, rate); PyAV's own has a thread pool for each, this has
    none."""

    def __init__(self, like: AudioFrame, rate: int, mix: Mix = NOTE_MIX) -> None:
        """`like` is a frame of the input, `rate` is in Hz. FFmpegError when FFmpeg can't."""
        self._shape = _shape(like)
        self._graph = Graph()
        self._graph.threads = 1
        source = self._graph.add(
            "abuffer",
            sample_rate=str(like.sample_rate),
            sample_fmt=like.format.name,
            channel_layout=like.layout.name,
            time_base=f"1/{like.sample_rate}",
        )
        chain = [source, *self._mixing(like, rate, mix), self._graph.add("abuffersink")]
        for this, after in pairwise(chain):
            this.link_to(after)
        self._graph.configure()
        self._graph.set_audio_frame_size(int(rate * _BATCH_SECONDS))
        self._batch = int(like.sample_rate * _BATCH_SECONDS)
        self._pushed = 0

    def _mixing(self, like: AudioFrame, rate: int, mix: Mix) -> list[FilterContext]:
        add = self._graph.add
        shape = {"sample_rates": str(rate), "channel_layouts": "mono"}
        wide = may_exceed(like.layout.nb_channels)
        if mix == NOTE_MIX and not wide:
            return [add("aformat", sample_fmts="s16", **shape)]
        gain = mix.gain * (_ITU_SHARE if wide else 1.0)
        return [
            # Towards floating point, FFmpeg scales no mix unless it is told to.
            add("aresample", rematrix_maxval=str(_NO_SCALING if wide else 1)),
            add("aformat", sample_fmts="flt", **shape),
            add("volume", volume=f"{gain:.9g}", precision="float"),
            add("aformat", sample_fmts=mix.sample_format),
        ]

    def takes(self, frame: AudioFrame) -> bool:
        """Whether `frame` has the shape that this one was made for."""
        return _shape(frame) == self._shape

    def push(self, frame: AudioFrame) -> list[AudioFrame]:
        """Convert a frame; the list may be empty."""
        # Time stamps of damaged files jump; here only the order counts.
        frame.pts = None
        self._graph.push(frame)
        self._pushed += frame.samples
        if self._pushed < self._batch:
            return []
        self._pushed %= self._batch
        return list(self._ready())

    def flush(self) -> list[AudioFrame]:
        """What the filter still holds."""
        with suppress(av.error.EOFError):
            self._graph.push(None)
        return list(self._ready())

    def _ready(self) -> Iterator[AudioFrame]:
        while True:
            try:
                frame = self._graph.pull()
            except av.error.EOFError:
                return
            except av.error.FFmpegError as error:
                if error.errno == errno.EAGAIN:
                    return
                raise
            if isinstance(frame, AudioFrame):
                yield frame


def _shape(frame: AudioFrame) -> tuple[str, str, int]:
    return frame.format.name, frame.layout.name, frame.sample_rate
