"""Whether a file has the native profile: every page, every packet, every CRC and granule position."""

import io
from collections.abc import Iterator
from dataclasses import dataclass
from typing import BinaryIO, Final

from waypost.errors import NOT_NATIVE, VoiceError
from waypost.voice import opus
from waypost.voice.limits import NOTE_RATE
from waypost.voice.ogg import NO_GRANULE, NotOgg, Page, read_pages, split_body

_PACKET_GRANULES: Final = opus.FRAME_GRANULES * opus.FRAMES_PER_PACKET
_LONGEST_PRE_SKIP: Final = 3840
"""48 kHz samples: the 80 ms of RFC 7845; more would hide sound, not the delay of an encoder."""

_SHORTEST_PRE_SKIP: Final = 120
"""48 kHz samples: no Opus encoder delays by less than the 2.5 ms of RFC 6716, so a player clicks."""

_LONGEST_PACKET: Final = 4096
"""Bytes; three frames of 1275 and their lengths. Keeps memory bounded."""


@dataclass(frozen=True, slots=True)
class NoteProfile:
    """What a native note turned out to be."""

    packets: int
    """Of 60 ms each, headers not counted."""
    pages: int
    pre_skip: int
    """48 kHz samples that a player drops at the start."""
    granules: int
    """Position of the end, in 48 kHz samples, pre-skip included."""
    size: int
    """Bytes of the whole file."""
    sound_bytes: int
    """Bytes of the packets."""

    @property
    def seconds(self) -> float:
        """What a player plays."""
        return (self.granules - self.pre_skip) / opus.GRANULE_RATE

    @property
    def bitrate(self) -> int:
        """Mean bit/s of the packets."""
        return round(self.sound_bytes * 8 * opus.GRANULE_RATE / (self.packets * _PACKET_GRANULES))


def verify(note: bytes | BinaryIO) -> NoteProfile:
    """The profile of a native note, given as bytes or as a file at its start; streams, needs memory for one
    page.

    Raises VoiceError(NOT_NATIVE) with the first reason found as its detail.
    """
    source = io.BytesIO(note) if isinstance(note, bytes) else note
    reading = _Reading()
    try:
        for page in read_pages(source):
            reading.take(page)
    except (NotOgg, opus.BadPacket) as error:
        raise _not_native(str(error)) from error
    return reading.profile()


class _Reading:
    """The state of one verification: pages go in, the profile comes out."""

    def __init__(self) -> None:
        self._pages = 0
        self._packets = 0
        self._serial = 0
        self._pre_skip = 0
        self._granule = 0
        self._size = 0
        self._sound_bytes = 0
        self._unfinished: bytes | None = None
        self._ended = False

    def take(self, page: Page) -> None:
        """Check the next page."""
        self._check_sequence(page)
        self._pages += 1
        self._size += 27 + len(page.lacing) + len(page.body)
        self._ended = page.last
        if self._pages <= 2:
            self._take_header(page)
            return
        ended = 0
        for packet in self._whole_packets(page):
            _check_packet(packet)
            ended += 1
            self._packets += 1
            self._sound_bytes += len(packet)
        self._check_granule(page, ended)

    def profile(self) -> NoteProfile:
        """The result, once all pages were taken."""
        if not self._pages:
            raise _not_native("an empty file")
        if not self._packets:
            raise _not_native("no sound")
        if not self._ended or self._unfinished is not None:
            raise _not_native("the last page is missing")
        return NoteProfile(
            packets=self._packets,
            pages=self._pages,
            pre_skip=self._pre_skip,
            granules=self._granule,
            size=self._size,
            sound_bytes=self._sound_bytes,
        )

    def _check_sequence(self, page: Page) -> None:
        if self._ended:
            raise _not_native("pages after the last page")
        if page.first != (self._pages == 0):
            raise _not_native("more than one stream, or no first page")
        if not self._pages:
            self._serial = page.serial
        if page.serial != self._serial or page.sequence != self._pages:
            raise _not_native("pages of another stream, out of order or missing")
        if page.continued != (self._unfinished is not None):
            raise _not_native("a packet that is cut between pages")

    def _take_header(self, page: Page) -> None:
        packets, unfinished = split_body(page)
        if len(packets) != 1 or unfinished is not None or page.granule or page.last:
            raise _not_native("a header that is not alone on its page")
        if self._pages == 1:
            self._pre_skip = _check_head(packets[0])
        elif packets[0] != opus.tags():
            raise _not_native(_tags_reason(packets[0]))

    def _whole_packets(self, page: Page) -> Iterator[bytes]:
        packets, rest = split_body(page)
        if self._unfinished is not None:
            if packets:
                packets[0] = self._unfinished + packets[0]
            elif rest is not None:
                rest = self._unfinished + rest
        if rest is not None and len(rest) > _LONGEST_PACKET:
            raise _not_native("a packet longer than any of a voice note")
        self._unfinished = rest
        return iter(packets)

    def _check_granule(self, page: Page, ended: int) -> None:
        if not ended:
            if page.granule != NO_GRANULE:
                raise _not_native("a granule position on a page where no packet ends")
            return
        end = self._packets * _PACKET_GRANULES
        if page.last:
            if not max(end - _PACKET_GRANULES, self._pre_skip) < page.granule <= end:
                raise _not_native("a last granule position outside of the last packet")
        elif page.granule != end:
            raise _not_native("a granule position that does not count the packets")
        self._granule = page.granule


def _check_head(packet: bytes) -> int:
    """The pre-skip of OpusHead."""
    if len(packet) != 19 or packet[:8] != b"OpusHead" or packet[8] != 1:
        raise _not_native("no Opus header")
    if packet[9] != 1 or packet[18]:
        raise _not_native(f"{packet[9]} channels" if packet[9] != 1 else "a channel mapping")
    rate = int.from_bytes(packet[12:16], "little")
    if rate != NOTE_RATE:
        raise _not_native(f"an input rate of {rate} Hz")
    if packet[16:18] != b"\0\0":
        raise _not_native("an output gain")
    pre_skip = int.from_bytes(packet[10:12], "little")
    if not _SHORTEST_PRE_SKIP <= pre_skip <= _LONGEST_PRE_SKIP:
        raise _not_native(f"a pre-skip of {pre_skip} samples")
    return pre_skip


def _tags_reason(packet: bytes) -> str:
    size = int.from_bytes(packet[8:12], "little")
    vendor = packet[12 : 12 + min(size, 40)]
    if packet[:8] != b"OpusTags" or len(packet) < 12 + size:
        return "no Opus tags"
    if vendor != opus.VENDOR:
        return f"the vendor {vendor.decode('ascii', 'backslashreplace')}"
    return "comments"


def _check_packet(packet: bytes) -> None:
    toc = opus.toc_of(packet)
    if toc.config != opus.SILK_WIDEBAND_20MS:
        raise _not_native(f"a packet of configuration {toc.config}")
    if toc.stereo:
        raise _not_native("a stereo packet")
    if toc.code != 3:
        raise _not_native(f"a packet with frame count code {toc.code}")
    frames = len(opus.split(packet))
    if frames != opus.FRAMES_PER_PACKET:
        raise _not_native(f"a packet of {frames} frames")


def _not_native(reason: str) -> VoiceError:
    return VoiceError(NOT_NATIVE, f"Found: {reason}.", reason=reason)
