"""Ogg pages (RFC 3533), as much of them as a stream of Opus packets needs."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import BinaryIO, Final

CAPTURE: Final = b"OggS"
HEADER_BYTES: Final = 27
NO_GRANULE: Final = (1 << 64) - 1
"""The granule position of a page on which no packet ends."""

_CONTINUED, _FIRST, _LAST = 1, 2, 4
_REVERSED: Final = bytes(int(f"{byte:08b}"[::-1], 2) for byte in range(256))


class NotOgg(Exception):
    """The bytes are not a sound sequence of Ogg pages; the message says what is wrong."""


@dataclass(frozen=True, slots=True)
class Page:
    """One page; `granule` counts 48 kHz samples up to the end of the last packet that ends here."""

    serial: int
    sequence: int
    granule: int
    first: bool
    last: bool
    continued: bool
    lacing: bytes
    body: bytes


def checksum(page: bytes) -> int:
    """CRC of a page whose own CRC field is zero.

    Ogg's CRC is zlib's polynomial with the bits in the other order, no start value and no final inversion, so
    zlib computes it over mirrored bytes at a hundred times the speed of a table in Python.
    """
    mirrored = zlib.crc32(page.translate(_REVERSED), 0xFFFFFFFF) ^ 0xFFFFFFFF
    return int(f"{mirrored:032b}"[::-1], 2)


def lacing_of(packets: Sequence[bytes]) -> bytes:
    """The segment table of packets that all end on the page."""
    table = bytearray()
    for packet in packets:
        whole, rest = divmod(len(packet), 255)
        table += b"\xff" * whole + bytes((rest,))
    return bytes(table)


def encode_page(page: Page) -> bytes:
    """The bytes of a page, CRC included. ValueError when its segment table is too long."""
    if len(page.lacing) > 255:
        raise ValueError("a page takes at most 255 segments")
    flags = _CONTINUED * page.continued | _FIRST * page.first | _LAST * page.last
    head = b"".join(
        (
            CAPTURE,
            bytes((0, flags)),
            page.granule.to_bytes(8, "little"),
            page.serial.to_bytes(4, "little"),
            page.sequence.to_bytes(4, "little"),
        )
    )
    tail = bytes((len(page.lacing),)) + page.lacing + page.body
    crc = checksum(head + bytes(4) + tail)
    return head + crc.to_bytes(4, "little") + tail


def read_pages(source: BinaryIO) -> Iterator[Page]:
    """Every page of `source`, one at a time; NotOgg at the first byte that is not one or has a wrong CRC."""
    while head := source.read(HEADER_BYTES):
        if len(head) < HEADER_BYTES or head[:4] != CAPTURE:
            raise NotOgg("bytes that are no page")
        if head[4] != 0 or head[5] > 7:
            raise NotOgg("a page of an unknown version")
        lacing = source.read(head[26])
        body = source.read(sum(lacing))
        if len(lacing) < head[26] or len(body) < sum(lacing):
            raise NotOgg("the last page is cut off")
        if checksum(head[:22] + bytes(4) + head[26:] + lacing + body) != int.from_bytes(
            head[22:26], "little"
        ):
            raise NotOgg("a page with a wrong CRC")
        yield Page(
            serial=int.from_bytes(head[14:18], "little"),
            sequence=int.from_bytes(head[18:22], "little"),
            granule=int.from_bytes(head[6:14], "little"),
            first=bool(head[5] & _FIRST),
            last=bool(head[5] & _LAST),
            continued=bool(head[5] & _CONTINUED),
            lacing=lacing,
            body=body,
        )


def split_body(page: Page) -> tuple[list[bytes], bytes | None]:
    """The packets, or ends of packets, that end on the page, and the beginning of one that goes on (None:
    none)."""
    packets, start, at = [], 0, 0
    for size in page.lacing:
        at += size
        if size < 255:
            packets.append(page.body[start:at])
            start = at
    unfinished = page.body[start:] if page.lacing and page.lacing[-1] == 255 else None
    return packets, unfinished


def read_packets(source: BinaryIO) -> Iterator[list[bytes]]:
    """The packets that end on each page, whole, of one stream whose order is known to be sound. Raises
    NotOgg."""
    begun = b""
    for page in read_pages(source):
        packets, unfinished = split_body(page)
        if packets:
            packets[0] = begun + packets[0]
            begun = b""
        begun += unfinished or b""
        yield packets


class PageWriter:
    """Writes packets of equal duration to `sink` in pages; streams, so it holds back one page at most.

    The last page has to be known as the last when it is written, hence the page held back.
    """

    def __init__(self, sink: BinaryIO, serial: int, packets_per_page: int) -> None:
        self.size = 0
        """Bytes written so far."""
        self._sink = sink
        self._serial = serial
        self._packets_per_page = packets_per_page
        self._sequence = 0
        self._held: list[bytes] = []
        self._granule = 0

    def header(self, packet: bytes) -> None:
        """Write a header packet on a page of its own, as RFC 7845 section 3 asks."""
        self._write([packet], granule=0, last=False)

    def packet(self, packet: bytes, samples: int) -> None:
        """Add an audio packet that lasts `samples` at 48 kHz."""
        segments = sum(len(held) // 255 + 1 for held in self._held) + len(packet) // 255 + 1
        if len(self._held) == self._packets_per_page or segments > 255:
            self._write(self._held, self._granule, last=False)
            self._held = []
        self._held.append(packet)
        self._granule += samples

    def finish(self, granule: int) -> None:
        """Write the last page; its `granule` tells the player where the sound ends within it."""
        self._write(self._held, granule, last=True)
        self._held = []

    def _write(self, packets: Sequence[bytes], granule: int, *, last: bool) -> None:
        page = Page(
            serial=self._serial,
            sequence=self._sequence,
            granule=granule,
            first=self._sequence == 0,
            last=last,
            continued=False,
            lacing=lacing_of(packets),
            body=b"".join(packets),
        )
        self._sequence += 1
        self.size += self._sink.write(encode_page(page))
