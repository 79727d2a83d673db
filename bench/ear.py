"""What a note sounds like: two decoders play it, and three judges compare it with its source.

ViSQOL (speech mode, its polynomial map from similarity to opinion) answers 1 to 5, from bad to excellent. It
is read against itself: a change of a tenth is heard by it in every sound, its absolute value flatters.
"""

import logging
from collections.abc import Iterator
from contextlib import closing
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import av
import numpy as np
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from numpy.typing import NDArray

from waypost.voice.decode import Decoding, samples_of
from waypost.voice.limits import NOTE_RATE, Limits
from waypost.voice.loudness import Loudness, LoudnessMeter
from waypost.voice.sniff import sniff

Sound = NDArray[np.float64]
"""Mono samples; 1.0 is full scale."""

PLAY_RATE: Final = 48_000
_TIMES: Final = PLAY_RATE // NOTE_RATE

DECODERS: Final = ("libopus", "opus")
"""The codec's own, and FFmpeg's, which shares no code with it."""


def sent(path: Path) -> Sound:
    """What the encoder is given of a file, at 16 kHz."""
    with (
        path.open("rb") as file,
        closing(Decoding(file, path.stat().st_size, sniff(file), Limits())) as decoding,
    ):
        pieces = [samples_of(frame).tobytes() for frame in decoding.frames(lambda _: None)]
    return np.frombuffer(b"".join(pieces), np.int16) / 32_768


def played(note: Path, decoder: str) -> Sound:
    """A note at 48 kHz, without its pre-skip and what follows its last granule."""
    return np.concatenate(list(_played(note, decoder)))


def _played(note: Path, decoder: str) -> Iterator[Sound]:
    with av.open(str(note)) as container:
        stream = container.streams.audio[0]
        context = cast("AudioCodecContext", av.CodecContext.create(decoder, "r"))
        context.extradata = stream.codec_context.extradata
        context.sample_rate = PLAY_RATE
        context.layout = "mono"
        for packet in container.demux(stream):
            for frame in context.decode(packet):
                scale = 32_768 if frame.format.name.startswith("s16") else 1
                yield frame.to_ndarray().ravel().astype(np.float64) / scale


def at_note_rate(sound: Sound) -> Sound:
    """48 kHz to 16 kHz without any delay."""
    count = len(sound) // _TIMES
    spectrum = np.fft.rfft(sound[: count * _TIMES])[: count // 2 + 1]
    return np.fft.irfft(spectrum, count) / _TIMES


def at_play_rate(sound: Sound) -> Sound:
    """16 kHz to 48 kHz without any delay."""
    return np.fft.irfft(np.fft.rfft(sound), len(sound) * _TIMES) * _TIMES


def loudness(sound: Sound) -> Loudness:
    """Of a sound at 16 kHz."""
    meter = LoudnessMeter()
    for start in range(0, len(sound), NOTE_RATE):
        piece = sound[start : start + NOTE_RATE].astype(np.float32).reshape(1, -1)
        frame = AudioFrame.from_ndarray(piece, format="flt", layout="mono")
        frame.sample_rate = NOTE_RATE
        meter.add(frame)
    return meter.finish()


def delay(source: Sound, heard: Sound) -> int:
    """By how many samples `heard` comes after `source`, both of the same rate."""
    size = len(source) + len(heard)
    likeness = np.fft.irfft(np.fft.rfft(heard, size).conj() * np.fft.rfft(source, size), size)
    best = int(np.argmax(likeness))
    return -best if best < size // 2 else size - best


def opinion(source: Sound, heard: Sound) -> float:
    """ViSQOL's mean opinion score of `heard`, both at 16 kHz."""
    return float(_visqol().measure_from_arrays(source, heard, NOTE_RATE).moslqo)


@cache
def _visqol() -> Any:
    # Brings scipy.signal along: a second for everyone who only wants to know what there is.
    from visqol import VisqolApi

    logging.getLogger("visqol").setLevel(logging.ERROR)  # it says that the polynomial map is one
    api = VisqolApi()
    api.create(mode="speech")
    return api
