import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.voice.files import AUDIO

from waypost.errors import VoiceError
from waypost.voice.sniff import sniff

DEMUXERS = {
    ".mp3": "mp3",
    ".wav": "wav",
    ".aac": "aac",
    ".amr": "amr",
    ".flac": "flac",
    ".m4a": "mov",
    ".mp4": "mov",
    ".ogg": "ogg",
    ".webm": "matroska",
}


@pytest.mark.parametrize("name", sorted(path.name for path in AUDIO.iterdir() if path.suffix != ".md"))
def test_the_bytes_name_the_demuxer(name: str) -> None:
    path = AUDIO / name
    with path.open("rb") as file:
        assert sniff(file).demuxer == DEMUXERS[path.suffix]


def verdict(data: bytes) -> str:
    """The demuxer, or the code of the refusal."""
    try:
        return sniff(io.BytesIO(data)).demuxer
    except VoiceError as error:
        return error.code


@given(st.binary(max_size=2_000))
def test_any_bytes_are_a_container_or_have_a_reason(data: bytes) -> None:
    assert verdict(data) in {*DEMUXERS.values(), "empty_file", "not_audio", "unsupported_format"}


@given(st.sampled_from([b"ID3\x04\0\0\0\0\0\0", b"\xff\xfb\x90", b"\xff\xf1\x50", b"RIFF\0\0\0\0"]))
def test_a_promising_beginning_is_no_proof(beginning: bytes) -> None:
    assert verdict(beginning + bytes(200)) == "not_audio"


@pytest.mark.parametrize(
    "data",
    [
        b"\x7f\xfe\x80\x01" + bytes(2_000),
        (b"\x47" + bytes(187)) * 5,
        (bytes(4) + b"\x47" + bytes(187)) * 5,
    ],
    ids=["dts", "mpeg-ts", "m2ts"],
)
def test_a_stream_that_is_not_taken_is_not_called_damaged(data: bytes) -> None:
    assert verdict(data + (AUDIO / "greeting.mp3").read_bytes()) == "unsupported_format"
