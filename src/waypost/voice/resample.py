"""One filter graph from whatever was decoded to 16-bit mono."""

import errno
from collections.abc import Iterator
from contextlib import suppress
from typing import Final

import av.error
from av.audio.frame import AudioFrame
from av.filter.graph import Graph

_BATCH_SECONDS: Final = 0.24
"""Handing frames on one by one costs more than resampling them."""


class Resampler:
    """Converts frames of one shape (format, layout, rate); PyAV's own has a thread pool for each, this has
    none."""

    def __init__(self, like: AudioFrame, rate: int) -> None:
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
        target = self._graph.add("aformat", sample_rates=str(rate), sample_fmts="s16", channel_layouts="mono")
        sink = self._graph.add("abuffersink")
        source.link_to(target)
        target.link_to(sink)
        self._graph.configure()
        self._graph.set_audio_frame_size(int(rate * _BATCH_SECONDS))
        self._batch = int(like.sample_rate * _BATCH_SECONDS)
        self._pushed = 0

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
