"""The sound of a note that `verify` has found native.

Its packets are known by then, so they go straight to the decoder: opening the file with FFmpeg's demuxer as
well would decode the first of them twice and cost half a millisecond more, a tenth of a short note.
"""

from collections.abc import Iterator
from typing import BinaryIO, Final, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.packet import Packet

from waypost.errors import NOT_NATIVE, TOO_COSTLY, VoiceError
from waypost.voice import opus
from waypost.voice.decode import Tick, too_long, translated
from waypost.voice.limits import NOTE_RATE, Limits
from waypost.voice.ogg import read_packets
from waypost.voice.resample import Resampler
from waypost.voice.verify import NoteProfile

_SAMPLE_BYTES: Final = 4
"""FFmpeg's own decoder gives floating point."""


def native_frames(file: BinaryIO, profile: NoteProfile, limits: Limits, tick: Tick) -> Iterator[AudioFrame]:
    """Frames of 16-bit mono at 16 kHz of the note in `file` with that `profile`; needs memory for one page.

    `tick` is called at every page. Raises VoiceError(NOT_NATIVE) when a packet can't be decoded, TOO_LONG,
    TOO_COSTLY; and whatever `tick` raises.
    """
    if profile.seconds > limits.note_seconds:
        raise too_long(limits)
    file.seek(0)
    resampler: Resampler | None = None
    for frame in _decoded(file, profile.granules - profile.pre_skip, tick):
        with translated():
            if resampler is None:
                resampler = Resampler(frame, NOTE_RATE)
            ready = resampler.push(frame)
        yield from ready
    if resampler is not None:
        with translated():
            ready = resampler.flush()
        yield from ready


def _decoded(file: BinaryIO, samples: int, tick: Tick) -> Iterator[AudioFrame]:
    """`samples` at 48 kHz: the decoder drops those of the pre-skip, and those beyond the last granule
    position are dropped here."""
    pages = read_packets(file)
    decoder = _decoder(next(pages)[0])
    next(pages)  # the tags
    left = samples
    for packets in pages:
        for packet in packets:
            for frame in _decode(decoder, packet):
                if left:
                    yield frame if frame.samples <= left else _beginning(frame, left)
                left = max(0, left - frame.samples)
        tick((samples - left) / opus.GRANULE_RATE)
    if left:
        raise _undecodable()


def _decoder(head: bytes) -> AudioCodecContext:
    with translated():
        decoder = av.CodecContext.create("opus", "r")
        decoder.sample_rate = opus.GRANULE_RATE
        decoder.layout = "mono"
        decoder.extradata = head
        decoder.thread_count = 1
    return decoder


def _decode(decoder: AudioCodecContext, packet: bytes) -> list[AudioFrame]:
    try:
        return decoder.decode(cast("Packet[AudioStream]", av.Packet(packet)))
    except MemoryError as error:
        raise VoiceError(TOO_COSTLY, "It needs too much memory.") from error
    except (av.error.FFmpegError, OverflowError) as error:
        raise _undecodable() from error


def _beginning(frame: AudioFrame, samples: int) -> AudioFrame:
    shorter = AudioFrame(format=frame.format.name, layout="mono", samples=samples)
    shorter.sample_rate = frame.sample_rate
    size = shorter.planes[0].buffer_size
    shorter.planes[0].update(bytes(frame.planes[0])[: samples * _SAMPLE_BYTES].ljust(size, b"\0"))
    return shorter


def _undecodable() -> VoiceError:
    return VoiceError(NOT_NATIVE, "A packet of it can't be decoded.", reason="undecodable packet")
