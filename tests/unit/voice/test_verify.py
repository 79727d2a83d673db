"""The verifier against a note of ours with one thing changed."""

import io
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.unit.voice.files import AUDIO

from waypost.errors import VoiceError
from waypost.voice import opus
from waypost.voice.convert import convert
from waypost.voice.limits import Limits
from waypost.voice.ogg import Page, encode_page, lacing_of, read_pages, split_body
from waypost.voice.verify import verify


@pytest.fixture(scope="module")
def note(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    target = tmp_path_factory.mktemp("note") / "note.ogg"
    convert(AUDIO / "silence.wav", target, Limits(), lambda _: None)
    return target.read_bytes()


def pages_of(note: bytes) -> list[Page]:
    return list(read_pages(io.BytesIO(note)))


def joined(pages: Sequence[Page]) -> bytes:
    return b"".join(encode_page(page) for page in pages)


def reason(note: bytes) -> str:
    with pytest.raises(VoiceError) as caught:
        verify(note)
    assert caught.value.code == "not_native"
    return str(caught.value.facts["reason"])


def with_packets(page: Page, packets: Sequence[bytes]) -> Page:
    return replace(page, lacing=lacing_of(packets), body=b"".join(packets))


def test_our_own_note_has_the_profile(note: bytes) -> None:
    profile = verify(note)
    assert profile.packets == 34
    assert profile.pages == 2 + 3
    assert profile.pre_skip == 312
    assert profile.granules == 3 * 32_000 + 312
    assert profile.seconds == 2.0
    assert profile.size == len(note)
    assert profile == verify(io.BytesIO(note))


def changed_head(at: int, value: bytes) -> Callable[[list[Page]], list[Page]]:
    def change(pages: list[Page]) -> list[Page]:
        body = bytearray(pages[0].body)
        body[at : at + len(value)] = value
        return [replace(pages[0], body=bytes(body)), *pages[1:]]

    return change


def changed_tags(packet: bytes) -> Callable[[list[Page]], list[Page]]:
    return lambda pages: [pages[0], with_packets(pages[1], [packet]), *pages[2:]]


def changed_packet(change: Callable[[bytes], bytes]) -> Callable[[list[Page]], list[Page]]:
    """Changes one packet in the middle: looking at the first alone is not enough."""

    def changed(pages: list[Page]) -> list[Page]:
        packets, _ = split_body(pages[3])
        packets[5] = change(packets[5])
        return [*pages[:3], with_packets(pages[3], packets), *pages[4:]]

    return changed


def two_frames(packet: bytes) -> bytes:
    frames = opus.split(packet)
    return opus.join(
        [packet[:1].replace(packet[:1], bytes((packet[0] & ~3,))) + frame for frame in frames[:2]]
    )


def tags_with(vendor: bytes, comments: bytes = bytes(4)) -> bytes:
    return b"OpusTags" + len(vendor).to_bytes(4, "little") + vendor + comments


CHANGES: list[tuple[str, Callable[[list[Page]], list[Page]]]] = [
    ("2 channels", changed_head(9, b"\x02")),
    ("48000 Hz", changed_head(12, (48_000).to_bytes(4, "little"))),
    ("output gain", changed_head(16, b"\x01")),
    ("channel mapping", changed_head(18, b"\x01")),
    ("pre-skip of 65535", changed_head(10, b"\xff\xff")),
    ("pre-skip of 0", changed_head(10, b"\0\0")),
    ("Opus header", changed_head(0, b"opus")),
    ("the vendor Lavf", changed_tags(tags_with(b"Lavf62.12.102"))),
    ("comments", changed_tags(tags_with(b"WhatsApp", b"\x01\0\0\0\x03\0\0\0a=b"))),
    ("Opus tags", changed_tags(b"OpusTogs")),
    ("configuration 23", changed_packet(lambda packet: bytes((packet[0] & 7 | 23 << 3,)) + packet[1:])),
    ("stereo", changed_packet(lambda packet: bytes((packet[0] | 4,)) + packet[1:])),
    ("code 0", changed_packet(lambda packet: bytes((packet[0] & ~3,)) + packet[1:])),
    ("2 frames", changed_packet(two_frames)),
    ("padded", changed_packet(lambda packet: packet[:1] + bytes((packet[1] | 0x40,)) + packet[2:])),
    ("empty packet", changed_packet(lambda _: b"")),
    ("missing", lambda pages: [*pages[:3], *pages[4:]]),
    ("last page is missing", lambda pages: pages[:-1]),
    ("another stream", lambda pages: [*pages[:3], replace(pages[3], serial=1), *pages[4:]]),
    ("after the last page", lambda pages: [*pages, *pages]),
    ("count the packets", lambda pages: [*pages[:3], replace(pages[3], granule=1), *pages[4:]]),
    ("last granule", lambda pages: [*pages[:-1], replace(pages[-1], granule=pages[-1].granule + 2880)]),
    ("no sound", lambda pages: [*pages[:1], replace(pages[1], last=False)]),
    ("alone on its page", lambda pages: [with_packets(pages[0], [pages[0].body, b"x"]), *pages[1:]]),
    ("cut between pages", lambda pages: [*pages[:3], replace(pages[3], continued=True), *pages[4:]]),
]


@pytest.mark.parametrize(("found", "change"), CHANGES, ids=[found for found, _ in CHANGES])
def test_a_changed_note_is_not_native(
    note: bytes, found: str, change: Callable[[list[Page]], list[Page]]
) -> None:
    assert found in reason(joined(change(pages_of(note))))


def test_a_flipped_bit_is_a_wrong_crc(note: bytes) -> None:
    assert "CRC" in reason(note[:-3] + bytes((note[-3] ^ 1,)) + note[-2:])


def test_bytes_after_the_note_are_noticed(note: bytes) -> None:
    assert "no page" in reason(note + b"ID3 tag")


@pytest.mark.parametrize("name", ["greeting.mp3", "greeting.vorbis.ogg", "greeting.stereo48k.opus.ogg"])
def test_other_audio_is_not_native(name: str) -> None:
    assert reason((AUDIO / name).read_bytes())


def test_nothing_is_not_native() -> None:
    assert reason(b"") == "an empty file"


def test_a_packet_that_never_ends_is_refused_early(note: bytes) -> None:
    pages = pages_of(note)
    endless = Page(pages[0].serial, 2, 2**64 - 1, False, False, False, b"\xff" * 255, bytes(255 * 255))
    assert "longer" in reason(joined([*pages[:2], endless]))


def test_a_packet_that_spans_pages_is_put_together(note: bytes, tmp_path: Path) -> None:
    pages = pages_of(note)
    packets = [packet for page in pages[2:] for packet in split_body(page)[0]]
    big = opus.join([packets[0][:1].replace(b"\x4b", b"\x48") + bytes(100)] * 3)
    begun = Page(pages[0].serial, 2, 2**64 - 1, False, False, False, b"\xff", big[:255])
    rest = big[255:]
    ended = Page(pages[0].serial, 3, 2880, False, True, True, bytes((len(rest),)), rest)
    assert verify(joined([*pages[:2], begun, ended])).packets == 1


@given(st.data())
def test_damage_anywhere_is_a_reason_never_a_crash(note: bytes, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(note) - 1))
    patch = data.draw(st.binary(min_size=1, max_size=40))
    damaged = note[:at] + patch + note[at + len(patch) :]
    if damaged != note:
        assert reason(damaged)
