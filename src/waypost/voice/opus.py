"""Opus packets (RFC 6716 section 3) and the two header packets of Ogg Opus (RFC 7845 section 5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

SILK_WIDEBAND_20MS: Final = 9
"""The configuration number of every packet that a phone records."""

GRANULE_RATE: Final = 48_000
"""Hz; the clock of granule positions, whatever the input rate was."""

FRAME_GRANULES: Final = 960
"""48 kHz samples in one frame of 20 ms."""

FRAMES_PER_PACKET: Final = 3
VENDOR: Final = b"WhatsApp"
_LONGEST_FRAME: Final = 1275


class BadPacket(Exception):
    """The bytes are not an Opus packet; the message says why."""


@dataclass(frozen=True, slots=True)
class Toc:
    """The first byte of a packet: its configuration, its channels, how its frames are counted."""

    config: int
    stereo: bool
    code: int


def toc_of(packet: bytes) -> Toc:
    """Read the table-of-contents byte. BadPacket when there is none."""
    if not packet:
        raise BadPacket("an empty packet")
    return Toc(packet[0] >> 3, bool(packet[0] & 4), packet[0] & 3)


def _length(size: int) -> bytes:
    """A frame length as RFC 6716 section 3.2.1 writes it."""
    if size < 252:
        return bytes((size,))
    low = 252 + (size & 3)
    return bytes((low, (size - low) >> 2))


def join(packets: Sequence[bytes]) -> bytes:
    """One code-3 packet out of code-0 packets of equal configuration (RFC 6716 section 3.2.5).

    Constant sizes are marked as such, which saves the lengths: libopus's own repacketizer does the same.
    BadPacket when a packet has another code or configuration.
    """
    first = toc_of(packets[0])
    if any(toc_of(packet) != first for packet in packets) or first.code != 0:
        raise BadPacket("packets that can't be joined")
    frames = [packet[1:] for packet in packets]
    if any(len(frame) > _LONGEST_FRAME for frame in frames):
        raise BadPacket("a frame that is too long")
    varying = any(len(frame) != len(frames[0]) for frame in frames)
    head = bytes((packets[0][0] | 3, 0x80 * varying | len(frames)))
    lengths = b"".join(_length(len(frame)) for frame in frames[:-1]) if varying else b""
    return head + lengths + b"".join(frames)


def split(packet: bytes) -> list[bytes]:
    """The frames of a code-3 packet without padding; BadPacket when it is anything else, or malformed."""
    if toc_of(packet).code != 3 or len(packet) < 2:
        raise BadPacket("not a packet of counted frames")
    varying, padded, count = packet[1] & 0x80, packet[1] & 0x40, packet[1] & 0x3F
    if padded:
        raise BadPacket("a padded packet")
    if not count:
        raise BadPacket("a packet without frames")
    rest = packet[2:]
    sizes = []
    for _ in range(count - 1 if varying else 0):
        size, rest = _take_length(rest)
        sizes.append(size)
    if not varying:
        if len(rest) % count:
            raise BadPacket("frames of equal size that do not fill the packet")
        sizes = [len(rest) // count] * (count - 1)
    sizes.append(len(rest) - sum(sizes))
    if sizes[-1] < 0 or max(sizes) > _LONGEST_FRAME:
        raise BadPacket("a frame longer than the packet or the standard allows")
    return _cut(rest, sizes)


def _take_length(data: bytes) -> tuple[int, bytes]:
    if not data or (data[0] >= 252 and len(data) < 2):
        raise BadPacket("a length that is cut off")
    if data[0] < 252:
        return data[0], data[1:]
    return data[1] * 4 + data[0], data[2:]


def _cut(data: bytes, sizes: Sequence[int]) -> list[bytes]:
    frames, at = [], 0
    for size in sizes:
        frames.append(data[at : at + size])
        at += size
    return frames


def head(pre_skip: int, rate: int) -> bytes:
    """OpusHead of a mono stream; `pre_skip` in 48 kHz samples, `rate` in Hz is what the input had."""
    return b"".join(
        (
            b"OpusHead",
            bytes((1, 1)),
            pre_skip.to_bytes(2, "little"),
            rate.to_bytes(4, "little"),
            bytes(3),  # output gain 0 (two bytes), channel mapping family 0
        )
    )


def tags() -> bytes:
    """OpusTags as the phone writes them: its vendor string and no comments."""
    return b"OpusTags" + len(VENDOR).to_bytes(4, "little") + VENDOR + bytes(4)
