"""Ogg files for the seeds, and how to get a changed one past its checksums."""

import io
import tempfile
from functools import cache
from pathlib import Path

from fuzz.target import AUDIO
from waypost.voice import opus
from waypost.voice.convert import convert
from waypost.voice.limits import Limits
from waypost.voice.ogg import CAPTURE, HEADER_BYTES, Page, checksum, encode_page, lacing_of


def mended(file: bytes) -> bytes:
    """`file` with the right CRC in every page, without which no change gets past the first check."""
    whole, at = bytearray(file), 0
    while whole[at : at + 4] == CAPTURE and len(whole) >= at + HEADER_BYTES:
        body = at + HEADER_BYTES + whole[at + 26]
        end = body + sum(whole[at + HEADER_BYTES : body])
        if end > len(whole):
            break
        whole[at + 22 : at + 26] = bytes(4)
        whole[at + 22 : at + 26] = checksum(bytes(whole[at:end])).to_bytes(4, "little")
        at = end
    return bytes(whole)


@cache
def notes() -> list[bytes]:
    """A short note of ours, a longer one, one whose packet spans pages, and Ogg files that are no notes."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "note.ogg"
        convert(AUDIO / "silence.wav", target, Limits(), lambda _: None)
        short = target.read_bytes()
        convert(AUDIO / "blip.wav", target, Limits(), lambda _: None)
        blip = target.read_bytes()
    others = [(AUDIO / f"greeting.{name}.ogg").read_bytes() for name in ("vorbis", "stereo48k.opus")]
    return [short, blip, _spanning(), *(other[:6000] for other in others)]


def _spanning() -> bytes:
    packet = opus.join([bytes((opus.SILK_WIDEBAND_20MS << 3,)) + bytes(100)] * 3)
    heads = [
        encode_page(Page(1, place, 0, place == 0, False, False, lacing_of([head]), head))
        for place, head in enumerate((opus.head(312, 16_000), opus.tags()))
    ]
    begun = Page(1, 2, 2**64 - 1, False, False, False, b"\xff", packet[:255])
    ended = Page(1, 3, 2880, False, True, True, bytes((len(packet) - 255,)), packet[255:])
    return b"".join((*heads, encode_page(begun), encode_page(ended)))


def packets_of(note: bytes) -> list[bytes]:
    """The audio packets of a sound file, put together across pages."""
    from waypost.voice.ogg import read_pages, split_body

    packets: list[bytes] = []
    begun = b""
    for page in list(read_pages(io.BytesIO(note)))[2:]:
        ended, rest = split_body(page)
        for packet in ended:
            packets.append(begun + packet)
            begun = b""
        begun += rest or b""
    return packets
