"""16 kHz mono to the native profile: libopus, three packets joined into one, pages.

A bitrate that does not suit the sound (a packet outside of SILK wideband) or the length (a note that phones
would not play at once) ends the encoding with `TryLower`; the caller starts again. That is bounded: what was
encoded by then is at most `play_bytes`.
"""

import math
import zlib
from array import array
from hashlib import sha256
from typing import BinaryIO, Final, cast

import av
from av.audio.codeccontext import AudioCodecContext
from av.audio.frame import AudioFrame

from waypost.errors import TOO_LARGE, VoiceError
from waypost.voice import opus
from waypost.voice.decode import samples_of
from waypost.voice.limits import NOTE_RATE
from waypost.voice.ogg import PageWriter

FRAME_SAMPLES: Final = 320
"""16 kHz samples in a frame of 20 ms."""

PACKET_SAMPLES: Final = FRAME_SAMPLES * opus.FRAMES_PER_PACKET
PACKET_GRANULES: Final = opus.FRAME_GRANULES * opus.FRAMES_PER_PACKET
PACKETS_PER_PAGE: Final = 16
"""0.96 s: a player that seeks wants pages of a second at most."""

_CLOCK_RATIO: Final = opus.GRANULE_RATE // NOTE_RATE
_COMPRESSION: Final = "10"
"""Twice the time of 0, and audibly better (relative PESQ 4.26 against 2.83)."""


_FADE_SAMPLES: Final = 80
"""5 ms, which fits into the 6.5 ms of padding that the encoder's delay always asks for."""


class TryLower(Exception):
    """This bitrate won't do; the message says why."""


class NoteFile:
    """Where a note is written; counts and hashes what goes through."""

    def __init__(self, sink: BinaryIO, limit: int) -> None:
        self.size = 0
        self._sink = sink
        self._limit = limit
        self._hash = sha256()

    def write(self, data: bytes) -> int:
        """Append `data`. VoiceError(TOO_LARGE) beyond the limit."""
        self.size += len(data)
        if self.size > self._limit:
            raise VoiceError(TOO_LARGE, "The note would be larger than a note may be.")
        self._hash.update(data)
        return self._sink.write(data)

    def digest(self) -> bytes:
        """sha256 of everything written."""
        return self._hash.digest()


class NoteEncoder:
    """Takes frames of 16-bit mono at 16 kHz, writes a native note to a NoteFile."""

    def __init__(self, target: NoteFile, bitrate: int, play_bytes: int | None) -> None:
        """`play_bytes`: size beyond which `TryLower` is raised; None when nothing lower is left to try."""
        self.samples = 0
        self._target = target
        self._play_bytes = play_bytes
        self._codec = _open_codec(bitrate)
        # OpusHead as libopus fills it in; the delay of its encoder is at byte 10, in 48 kHz samples.
        self._pre_skip = int.from_bytes((self._codec.extradata or b"")[10:12], "little")
        self._pages: PageWriter | None = None
        self._packets: list[bytes] = []
        self._written = 0
        self._last = b""

    def write(self, frame: AudioFrame) -> None:
        """Encode a frame of any size. Raises TryLower, VoiceError(TOO_LARGE)."""
        self.samples += frame.samples
        self._last = (self._last + samples_of(frame)[-_FADE_SAMPLES:].tobytes())[-2 * _FADE_SAMPLES :]
        self._encode(frame)

    def finish(self) -> None:
        """Pad to whole packets, so that the encoder's delay is covered, and write the last page."""
        delay = self._pre_skip // _CLOCK_RATIO
        packets = -(-(self.samples + delay) // PACKET_SAMPLES)
        self._encode(_padding(self._last, packets * PACKET_SAMPLES - self.samples))
        if self._written < packets:
            self._encode(None, packets)
        if self._pages is None or self._written != packets:
            raise RuntimeError("libopus gave fewer packets than it took")
        self._pages.finish(_CLOCK_RATIO * self.samples + self._pre_skip)

    def _encode(self, frame: AudioFrame | None, most: int | None = None) -> None:
        for packet in self._codec.encode(frame):
            if self._written == most:
                # Flushing libopus yields one frame more, of silence that nobody asked for.
                return
            self._take(bytes(packet))

    def _take(self, packet: bytes) -> None:
        toc = opus.toc_of(packet)
        if toc != opus.Toc(opus.SILK_WIDEBAND_20MS, stereo=False, code=0):
            raise TryLower(f"packet of configuration {toc.config}, code {toc.code}")
        self._packets.append(packet)
        if len(self._packets) < opus.FRAMES_PER_PACKET:
            return
        joined = opus.join(self._packets)
        self._packets = []
        if self._pages is None:
            self._pages = self._begin(joined)
        self._pages.packet(joined, PACKET_GRANULES)
        self._written += 1
        if self._play_bytes is not None and self._target.size > self._play_bytes:
            raise TryLower("larger than phones play at once")

    def _begin(self, first: bytes) -> PageWriter:
        # A serial number out of the sound itself: differs between notes, and the same input gives the same
        # bytes.
        pages = PageWriter(cast("BinaryIO", self._target), zlib.crc32(first), PACKETS_PER_PAGE)
        pages.header(opus.head(self._pre_skip, NOTE_RATE))
        pages.header(opus.tags())
        return pages


def _open_codec(bitrate: int) -> AudioCodecContext:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate = NOTE_RATE
    codec.layout = "mono"
    codec.format = "s16"
    codec.bit_rate = bitrate
    codec.options = {
        "application": "voip",
        "frame_duration": "20",
        "vbr": "on",
        "compression_level": _COMPRESSION,
    }
    codec.open()
    return codec


def _padding(last: bytes, samples: int) -> AudioFrame:
    """What follows the sound and no player plays: its `last` samples in reverse, faded out, then silence.

    Silence at once would be a cliff, and the codec rounds cliffs off on both sides, so within the sound too.
    Going on for longer would be heard where a player does not know where to end.
    """
    back = array("h", last)[::-1][:samples]
    faded = (round(value * (1 + math.cos(math.pi * at / len(back))) / 2) for at, value in enumerate(back))
    frame = AudioFrame(format="s16", layout="mono", samples=samples)
    frame.sample_rate = NOTE_RATE
    frame.planes[0].update(array("h", faded).tobytes().ljust(2 * samples, b"\0"))
    return frame
