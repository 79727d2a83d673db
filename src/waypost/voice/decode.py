"""Any accepted audio to 16 kHz mono, in a stream, through FFmpeg's libraries.

Two rules meet here. A file that simply ends early gives what is there: its bytes are all sound, only its
header promised more. A damaged file, whose bytes are there but can't be decoded, fails once it lost more than
a tenth of what its container declares. In plain streams of sound (MP3, WAV, AAC, AMR, AIFF, CAF) the two are
told apart by the share of the bytes present that became sound. In Ogg the declared length comes from the last
page present, so a truncated file declares what it has; what is chained behind the first stream is not in it.
Where FFmpeg can't go on with that, as with another codec, the bytes that became sound count there too.
Elsewhere (MP4, WebM, WMA, FLAC) the container knows its length and whatever is missing from it is damage.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import IO, BinaryIO, Final, cast

import av
import av.error
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame
from av.audio.stream import AudioStream
from av.container.input import InputContainer
from av.packet import Packet

from waypost.errors import (
    CORRUPT_AUDIO,
    NO_AUDIO_TRACK,
    TOO_COSTLY,
    TOO_LONG,
    TOO_MANY_CHANNELS,
    UNSUPPORTED_FORMAT,
    UNSUPPORTED_RATE,
    VoiceError,
)
from waypost.voice.limits import NOTE_RATE, Limits
from waypost.voice.resample import NOTE_MIX, Mix, Resampler
from waypost.voice.sniff import Container

Tick = Callable[[float], None]
"""Called with the seconds of audio decoded so far, at every packet; raises when the conversion costs too
much."""

_DECODERS: Final = frozenset(
    (
        *("mp1float", "mp1", "mp2float", "mp2", "mp3float", "mp3", "aac", "alac", "flac", "vorbis", "opus"),
        *("libopus", "speex", "libspeex", "amrnb", "amrwb", "libopencore_amrnb", "libopencore_amrwb"),
        *("wmav1", "wmav2", "wmapro", "wmalossless", "wmavoice", "ac3", "eac3", "gsm", "gsm_ms", "g722"),
        *("adpcm_ms", "adpcm_ima_wav", "adpcm_ima_qt", "pcm_s8", "pcm_u8", "pcm_s16le", "pcm_s16be"),
        *("pcm_s24le", "pcm_s24be", "pcm_s32le", "pcm_s32be", "pcm_f32le", "pcm_f32be", "pcm_f64le"),
        *("pcm_f64be", "pcm_alaw", "pcm_mulaw"),
    )
)
"""The only decoders that may run, also while FFmpeg probes the streams: no video, no pictures."""

_PREFERRED: Final = {"amrnb": "libopencore_amrnb", "amrwb": "libopencore_amrwb"}
"""FFmpeg's own AMR decoder fails on comfort-noise frames."""

_PROBE_BYTES: Final = 1024 * 1024
_BAD_READS: Final = 100
"""Errors in a row from a demuxer after which the rest of the file is given up."""


class Nameless:
    """A file without a name, so that nothing in FFmpeg can guess by it or open its neighbours."""

    def __init__(self, source: BinaryIO) -> None:
        self.read = source.read
        self.seek = source.seek
        self.tell = source.tell


@contextmanager
def translated() -> Iterator[None]:
    """FFmpeg's failures as VoiceError: the one edge where they are."""
    try:
        yield
    except MemoryError as error:
        raise VoiceError(TOO_COSTLY, "It needs too much memory.") from error
    except (av.error.FFmpegError, OverflowError) as error:
        raise VoiceError(CORRUPT_AUDIO) from error


def too_long(limits: Limits) -> VoiceError:
    """For a note beyond `note_seconds`."""
    return VoiceError(TOO_LONG, f"The limit is {limits.note_seconds:g} seconds.")


class Decoding:
    """One open audio file. Iterate `frames()` once, to its end, then ask `check()`."""

    def __init__(self, source: BinaryIO, size: int, container: Container, limits: Limits) -> None:
        """Open `source` of `size` bytes as `container`.

        Raises VoiceError: CORRUPT_AUDIO, NO_AUDIO_TRACK, UNSUPPORTED_FORMAT, UNSUPPORTED_RATE,
        TOO_MANY_CHANNELS, TOO_LONG when the container says so, TOO_COSTLY.
        """
        self._size = size
        self._container = container
        self._limits = limits
        self._source_seconds = 0.0
        self._good_bytes = 0
        self._first_byte: int | None = None
        self._lost_seconds = 0.0
        self._failed_reads = 0
        source.seek(0)
        with translated():
            self._input = _open(source, container)
        try:
            self._stream = _audio_stream(self._input)
            self._decoder = _decoder_of(self._stream)
            self._check_shape(self._decoder.sample_rate, self._decoder.layout.nb_channels)
            self.declared_seconds = self._declared()
            # A plain file's header may promise too much; there, what is decoded counts.
            if not container.plain and (self.declared_seconds or 0) > limits.note_seconds:
                raise too_long(limits)
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        """Free FFmpeg's side."""
        self._input.close()

    @property
    def channels(self) -> int:
        """How many the file has, by its header."""
        return self._decoder.layout.nb_channels

    @property
    def seconds(self) -> float:
        """Decoded so far."""
        return self._source_seconds

    def frames(self, tick: Tick, mix: Mix = NOTE_MIX) -> Iterator[AudioFrame]:
        """Frames of mono at 16 kHz, of any size, 16-bit unless `mix` says otherwise.

        Raises VoiceError as opening does, for what only shows on the way; and whatever `tick` raises.
        """
        resampler: Resampler | None = None
        for frame in self._decoded(tick):
            if resampler is None or not resampler.takes(frame):
                self._check_shape(frame.sample_rate, frame.layout.nb_channels)
                if resampler is not None:
                    with translated():
                        ready = resampler.flush()
                    yield from ready
                with translated():
                    resampler = Resampler(frame, NOTE_RATE, mix)
            with translated():
                ready = resampler.push(frame)
            yield from ready
        if resampler is not None:
            with translated():
                ready = resampler.flush()
            yield from ready

    def check(self) -> None:
        """VoiceError(CORRUPT_AUDIO) when more was lost than may be; call it after the last frame."""
        heard, limit = self._source_seconds, self._limits.lost_share
        if not heard:
            raise VoiceError(CORRUPT_AUDIO, "No sound can be decoded.")
        used = self._good_bytes / max(1, self._size - (self._first_byte or 0))
        whole = max(self.declared_seconds or 0.0, heard + self._lost_seconds)
        if self._container.plain:
            complete = heard >= whole * (1 - limit) and self._container.states_length
            damaged = not complete and used < 1 - limit
        else:
            left_over = self._failed_reads and not self._input.streams.video and used < 1 - limit
            damaged = left_over or heard < whole * (1 - limit)
        if damaged:
            raise VoiceError(CORRUPT_AUDIO)

    def _declared(self) -> float | None:
        if not self._container.states_length:
            return None
        if self._stream.duration and self._stream.time_base:
            return float(self._stream.duration * self._stream.time_base)
        if self._input.streams.video or not self._input.duration:
            # The length of the whole film, of which the sound may be a short part.
            return None
        return self._input.duration / av.time_base

    def _check_shape(self, rate: int, channels: int) -> None:
        if not self._limits.lowest_rate <= rate <= self._limits.highest_rate:
            raise VoiceError(UNSUPPORTED_RATE, rate=rate)
        if not 1 <= channels <= self._limits.channels:
            raise VoiceError(TOO_MANY_CHANNELS, channels=channels)

    def _decoded(self, tick: Tick) -> Iterator[AudioFrame]:
        for packet in self._packets():
            for frame in self._decode(packet):
                self._source_seconds += frame.samples / max(1, frame.sample_rate)
                # Rounded: frames add up to an hour and a nanosecond.
                if round(self._source_seconds, 3) > self._limits.note_seconds:
                    raise too_long(self._limits)
                yield frame
            tick(self._source_seconds)

    def _decode(self, packet: "Packet[AudioStream]") -> list[AudioFrame]:
        """The frames of a packet; a packet that can't be decoded is skipped, its time counted as lost."""
        try:
            frames = self._decoder.decode(packet)
        except MemoryError as error:
            raise VoiceError(TOO_COSTLY, "It needs too much memory.") from error
        except (av.error.FFmpegError, OverflowError):
            frames = None
        if frames is None or packet.is_corrupt:
            self._lost_seconds += float((packet.duration or 0) * (packet.time_base or Fraction(0)))
            return frames or []
        if packet.size:
            self._good_bytes += packet.size
            if self._first_byte is None and packet.pos is not None:
                self._first_byte = max(0, packet.pos)
        return frames

    def _packets(self) -> "Iterator[Packet[AudioStream]]":
        failures = 0
        while failures < _BAD_READS:
            try:
                for packet in self._input.demux(self._stream):
                    failures = 0
                    yield packet
            except MemoryError as error:
                raise VoiceError(TOO_COSTLY, "It needs too much memory.") from error
            except av.error.EOFError:
                return
            except av.error.FFmpegError:
                failures += 1
                self._failed_reads += 1
            else:
                return


def _open(source: BinaryIO, container: Container) -> InputContainer:
    return av.open(
        cast("IO[bytes]", Nameless(source)),
        "r",
        format=container.demuxer,
        metadata_errors="replace",
        container_options={
            "format_whitelist": container.demuxer,
            "protocol_whitelist": "none",
            "codec_whitelist": ",".join(sorted(_DECODERS)),
            "probesize": str(_PROBE_BYTES),
        },
    )


def _audio_stream(container: InputContainer) -> AudioStream:
    streams = container.streams.audio
    if not streams:
        raise VoiceError(NO_AUDIO_TRACK)
    best = container.streams.best("audio")
    return cast("AudioStream", best) if best is not None else streams[0]


def _decoder_of(stream: AudioStream) -> AudioCodecContext:
    context = cast("AudioCodecContext | None", stream.codec_context)
    if context is None or context.name not in _DECODERS:
        raise VoiceError(UNSUPPORTED_FORMAT)
    preferred = _PREFERRED.get(context.name)
    if preferred in av.codecs_available:
        other = cast("AudioCodecContext", av.CodecContext.create(preferred, "r"))
        other.sample_rate = context.sample_rate
        other.layout = "mono"
        context = other
    context.thread_count = 1
    return context


def samples_of(frame: AudioFrame) -> memoryview:
    """The 16-bit samples of a mono frame, without the alignment after them."""
    return memoryview(frame.planes[0])[: frame.samples * 2].cast("h")
