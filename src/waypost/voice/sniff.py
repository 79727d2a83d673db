"""What a file is, by its bytes alone.

Names and content types lie (MP3 labelled audio/ogg is common), and FFmpeg's own guess may end in a demuxer
that opens other files and URLs (playlists, ffconcat, SDP, DASH). So the one demuxer that may run is chosen
here.
"""

from dataclasses import dataclass
from typing import BinaryIO, Final

from waypost.errors import EMPTY_FILE, NOT_AUDIO, UNSUPPORTED_FORMAT, VoiceError

_HEAD_BYTES: Final = 64
_SEARCH_BYTES: Final = 64 * 1024
_SYNC_CHAIN: Final = 3
"""Frame headers in a row that make an MP3 or AAC stream; random bytes hold two by chance, hardly three."""


@dataclass(frozen=True, slots=True)
class Container:
    """A container format that is accepted."""

    demuxer: str
    """FFmpeg's name of the one demuxer that may read it."""
    plain: bool
    """Audio from the header to the end of the file and nothing else, so a share of bytes is a share of sound.
    """
    states_length: bool
    """Whether a length that the container states is worth comparing with. AAC and AMR state none, FFmpeg
    guesses."""


MP3: Final = Container("mp3", plain=True, states_length=True)
AAC: Final = Container("aac", plain=True, states_length=False)
WAV: Final = Container("wav", plain=True, states_length=True)
FLAC: Final = Container("flac", plain=False, states_length=True)
AMR: Final = Container("amr", plain=True, states_length=False)
AIFF: Final = Container("aiff", plain=True, states_length=True)
CAF: Final = Container("caf", plain=True, states_length=True)
OGG: Final = Container("ogg", plain=False, states_length=True)
MOV: Final = Container("mov", plain=False, states_length=True)
MATROSKA: Final = Container("matroska", plain=False, states_length=True)
ASF: Final = Container("asf", plain=False, states_length=True)

_ASF_HEADER: Final = bytes.fromhex("3026b2758e66cf11a6d900aa0062ce6c")
_MAGIC: Final[tuple[tuple[bytes, Container], ...]] = (
    (b"OggS", OGG),
    (b"fLaC", FLAC),
    (b"\x1a\x45\xdf\xa3", MATROSKA),
    (b"#!AMR-WB\n", AMR),
    (b"#!AMR\n", AMR),
    (b"caff", CAF),
    (_ASF_HEADER, ASF),
)
_FORMS: Final = {
    (b"RIFF", b"WAVE"): WAV,
    (b"RF64", b"WAVE"): WAV,
    (b"BW64", b"WAVE"): WAV,
    (b"FORM", b"AIFF"): AIFF,
    (b"FORM", b"AIFC"): AIFF,
}
_MOV_ATOMS: Final = frozenset((b"ftyp", b"moov", b"mdat", b"free", b"skip", b"wide", b"pnot", b"styp"))
_PICTURE_BRANDS: Final = frozenset((b"heic", b"heix", b"hevc", b"mif1", b"msf1", b"avif", b"avis", b"crx "))
_OTHER_SOUND: Final = (
    *(b"MThd", b"MAC ", b"wvpk", b"TTA1", b".snd", b"DSD ", b"FRM8", b"FLV\x01", b".RMF", b".ra\xfd"),
    *(b"MPCK", b"MP+", b"\x00\x00\x01\xba", b"ADIF", b"IMPM", b"Extended Module", b"Creative Voice"),
    *(b"\x0b\x77", b"#!SILK", b"\x02#!SILK"),
)
"""MIDI, Monkey's Audio, WavPack, AU, DSD, RealAudio, Musepack, MPEG-PS, trackers, VOC, AC-3, raw SILK."""
_DTS_SYNC: Final = (b"\x7f\xfe\x80\x01", b"\xfe\x7f\x01\x80", b"\x1f\xff\xe8\x00", b"\xff\x1f\x00\xe8")
"""ETSI TS 102 114: 16 and 14 bits, both byte orders."""
_TS_SYNC: Final = 0x47
_TS_PACKET: Final = (188, 192)
"""ISO/IEC 13818-1, and the same with the four bytes of a time stamp before each (M2TS)."""


def sniff(source: BinaryIO) -> Container:
    """The container of `source`, a seekable file.

    Raises VoiceError: EMPTY_FILE, NOT_AUDIO, or UNSUPPORTED_FORMAT for sound in a format that is not taken.
    """
    source.seek(0)
    start = _after_tags(source)
    source.seek(start)
    head = source.read(_HEAD_BYTES)
    if not head:
        raise VoiceError(NOT_AUDIO if start else EMPTY_FILE)
    for magic, container in _MAGIC:
        if head.startswith(magic):
            return container
    if form := _FORMS.get((head[:4], head[8:12])):
        return form
    if head[4:8] in _MOV_ATOMS:
        if head[4:8] == b"ftyp" and head[8:12] in _PICTURE_BRANDS:
            raise VoiceError(NOT_AUDIO, "It is a picture.")
        return MOV
    source.seek(start)
    if _is_other_stream(source.read(3 * _TS_PACKET[1])):
        raise VoiceError(UNSUPPORTED_FORMAT)
    source.seek(start)
    if frames := _frames(source.read(_SEARCH_BYTES)):
        return frames
    if head.startswith(_OTHER_SOUND) or (head[:4] == b"RIFF" and head[8:12] in (b"AVI ", b"RMID")):
        raise VoiceError(UNSUPPORTED_FORMAT)
    raise VoiceError(NOT_AUDIO)


def _is_other_stream(data: bytes) -> bool:
    """Whether `data` begins like a DTS or an MPEG transport stream; both hold what looks like MP3 frames."""
    return data.startswith(_DTS_SYNC) or any(
        len(data) > 2 * size + at and all(data[at + n * size] == _TS_SYNC for n in range(3))
        for at, size in ((0, _TS_PACKET[0]), (4, _TS_PACKET[1]))
    )


def _after_tags(source: BinaryIO) -> int:
    """Where the file begins once its ID3v2 tags are skipped; bytes."""
    at = 0
    while True:
        source.seek(at)
        head = source.read(10)
        if len(head) < 10 or head[:3] != b"ID3" or any(byte & 0x80 for byte in head[6:10]):
            return at
        size = head[6] << 21 | head[7] << 14 | head[8] << 7 | head[9]
        at += 10 + size + (10 if head[5] & 0x10 else 0)


def _frames(data: bytes) -> Container | None:
    """MP3 or AAC when `data` holds a chain of their frame headers; both may begin with padding or a torn
    frame."""
    at = data.find(b"\xff")
    while 0 <= at < len(data) - 4:
        for container, size_of in ((AAC, _adts_size), (MP3, _mpeg_size)):
            if _is_chain(data, at, size_of(data, at), container):
                return container
        at = data.find(b"\xff", at + 1)
    return None


def _is_chain(data: bytes, at: int, size: int, container: Container) -> bool:
    size_of = _adts_size if container is AAC else _mpeg_size
    found = 0
    while size:
        found += 1
        at += size
        if found == _SYNC_CHAIN or at == len(data):
            return True
        size = size_of(data, at)
    return False


def _adts_size(data: bytes, at: int) -> int:
    """Bytes of the ADTS frame at `at` (ISO 13818-7 section 6.2), 0 when there is none."""
    head = data[at : at + 7]
    if len(head) < 7 or head[0] != 0xFF or head[1] & 0xF6 != 0xF0 or (head[2] >> 2 & 15) > 12:
        return 0
    size = (head[3] & 3) << 11 | head[4] << 3 | head[5] >> 5
    return size if size > 7 else 0


_KBIT: Final = {
    # (MPEG-1?, layer) → kbit/s by index (ISO 11172-3 section 2.4.2.3 and 13818-3)
    (True, 1): (0, 32, 64, 96, 128, 160, 192, 224, 256, 288, 320, 352, 384, 416, 448),
    (True, 2): (0, 32, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384),
    (True, 3): (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320),
    (False, 1): (0, 32, 48, 56, 64, 80, 96, 112, 128, 144, 160, 176, 192, 224, 256),
    (False, 2): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
    (False, 3): (0, 8, 16, 24, 32, 40, 48, 56, 64, 80, 96, 112, 128, 144, 160),
}


def _mpeg_size(data: bytes, at: int) -> int:
    """Bytes of the MPEG audio frame at `at`, 0 when there is none; a free-format frame counts as none."""
    head = data[at : at + 4]
    if len(head) < 4 or head[0] != 0xFF or head[1] & 0xE0 != 0xE0:
        return 0
    version, layer = head[1] >> 3 & 3, 4 - (head[1] >> 1 & 3)
    index, rate_index, padding = head[2] >> 4, head[2] >> 2 & 3, head[2] >> 1 & 1
    if version == 1 or layer == 4 or index in (0, 15) or rate_index == 3:
        return 0
    bits = _KBIT[version == 3, layer][index] * 1000
    rate = (44_100, 48_000, 32_000)[rate_index] >> {3: 0, 2: 1, 0: 2}[version]
    if layer == 1:
        return (12 * bits // rate + padding) * 4
    return (72 if layer == 3 and version != 3 else 144) * bits // rate + padding
