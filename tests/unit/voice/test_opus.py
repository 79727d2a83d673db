from collections.abc import Sequence

import av
import pytest
from av.audio.frame import AudioFrame
from av.packet import Packet
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.voice.files import tone

from waypost.voice import opus


def libopus_packets(pcm: bytes) -> list[bytes]:
    codec = av.CodecContext.create("libopus", "w")
    codec.sample_rate, codec.layout, codec.format, codec.bit_rate = 16_000, "mono", "s16", 20_000
    codec.options = {"application": "voip", "frame_duration": "20"}
    frame = AudioFrame(format="s16", layout="mono", samples=len(pcm) // 2)
    frame.sample_rate = 16_000
    frame.planes[0].update(pcm)
    return [bytes(packet) for packet in codec.encode(frame)]


def decoded(packets: Sequence[bytes]) -> bytes:
    codec = av.CodecContext.create("libopus", "r")
    codec.sample_rate, codec.layout = 48_000, "mono"
    frames = [frame for packet in packets for frame in codec.decode(Packet(packet))]
    return b"".join(bytes(frame.planes[0])[: frame.samples * 2] for frame in frames)


@given(
    st.integers(0, 31),
    st.lists(st.binary(max_size=400) | st.binary(min_size=1200, max_size=1275), min_size=1, max_size=8),
)
def test_joined_frames_come_apart_again(config: int, frames: list[bytes]) -> None:
    joined = opus.join([bytes((config << 3,)) + frame for frame in frames])
    assert opus.toc_of(joined) == opus.Toc(config, stereo=False, code=3)
    assert opus.split(joined) == frames


@given(st.binary(max_size=100))
def test_splitting_any_bytes_ends_in_frames_or_in_a_reason(data: bytes) -> None:
    try:
        frames = opus.split(data)
    except opus.BadPacket:
        return
    assert sum(map(len, frames)) < len(data)


def test_joining_changes_no_decoded_sample() -> None:
    packets = libopus_packets(tone(16_000 * 3 + 200))
    packets = packets[: len(packets) // 3 * 3]
    joined = [opus.join(packets[at : at + 3]) for at in range(0, len(packets), 3)]
    before = decoded(packets)
    assert any(before)
    assert decoded(joined) == before


@pytest.mark.parametrize("others", [[b"\x40abc"], [b"\x4cabc"], [b"\x4babc"], [b""]])
def test_unlike_packets_are_not_joined(others: list[bytes]) -> None:
    with pytest.raises(opus.BadPacket):
        opus.join([b"\x48abc", *others])


def test_equal_sizes_are_written_without_lengths() -> None:
    assert opus.join([b"\x48ab", b"\x48cd", b"\x48ef"]) == b"\x4b\x03abcdef"
    assert opus.join([b"\x48ab", b"\x48c", b"\x48ef"]) == b"\x4b\x83\x02\x01abcef"
