"""The sound of a native note, against what FFmpeg makes of the file by itself."""

import io
from contextlib import closing
from dataclasses import replace
from pathlib import Path
from random import Random

import pytest
from tests.unit.voice.files import tone, wav

from waypost.errors import VoiceError
from waypost.voice.convert import convert
from waypost.voice.decode import Decoding, samples_of
from waypost.voice.limits import Limits
from waypost.voice.native import native_frames
from waypost.voice.ogg import NO_GRANULE, encode_page, lacing_of, read_pages
from waypost.voice.sniff import OGG
from waypost.voice.verify import verify


def note_of(samples: int, folder: Path) -> bytes:
    source, target = folder / "in.wav", folder / "out.ogg"
    source.write_bytes(wav(tone(samples)))
    convert(source, target, Limits(), lambda _: None)
    return target.read_bytes()


def sound(note: bytes, limits: Limits | None = None) -> bytes:
    frames = native_frames(io.BytesIO(note), verify(note), limits or Limits(), lambda _: None)
    return b"".join(samples_of(frame) for frame in frames)


def by_ffmpeg(note: bytes) -> bytes:
    with closing(Decoding(io.BytesIO(note), len(note), OGG, Limits())) as decoding:
        return b"".join(samples_of(frame) for frame in decoding.frames(lambda _: None))


@pytest.mark.parametrize("samples", [400, 855, 856, 857, 16_000, 17_001, 48_000])
def test_it_is_to_the_bit_what_ffmpeg_reads_wherever_it_ends(samples: int, tmp_path: Path) -> None:
    note = note_of(samples, tmp_path)
    assert len(sound(note)) == 2 * samples
    assert sound(note) == by_ffmpeg(note)


@pytest.mark.parametrize("pre_skip", [120, 1_000, 2_880, 3_840])
def test_the_pre_skip_is_dropped_whatever_it_is(pre_skip: int, tmp_path: Path) -> None:
    first, *others = read_pages(io.BytesIO(note_of(32_000, tmp_path)))
    head = first.body[:10] + pre_skip.to_bytes(2, "little") + first.body[12:]
    note = b"".join(map(encode_page, [replace(first, body=head), *others]))
    assert sound(note) == by_ffmpeg(note)


def test_a_packet_may_go_on_on_the_next_pages(tmp_path: Path) -> None:
    head, tags, page, *_ = read_pages(io.BytesIO(note_of(1, tmp_path)))
    noise = Random(5)
    packets = [bytes((page.body[0], 3)) + noise.randbytes(900) for _ in range(4)]
    body, lacing = b"".join(packets), lacing_of(packets)
    end = 4 * 2880
    whole = [replace(page, granule=end, body=body, lacing=lacing)]
    # Four segments are a packet: the second goes on over a page on which none ends.
    cuts = [(0, 5, 2880, False), (5, 6, NO_GRANULE, True), (6, 16, end, True)]
    pieces = [
        replace(
            page,
            sequence=2 + number,
            granule=granule,
            continued=continued,
            last=granule == end,
            lacing=lacing[start:stop],
            body=body[sum(lacing[:start]) : sum(lacing[:stop])],
        )
        for number, (start, stop, granule, continued) in enumerate(cuts)
    ]
    one, three = (b"".join(map(encode_page, [head, tags, *pages])) for pages in (whole, pieces))
    assert verify(three).pages == 5
    assert sound(three) == sound(one) == by_ffmpeg(one)


def test_a_note_that_gives_less_sound_than_it_promises_is_not_native(tmp_path: Path) -> None:
    note = note_of(16_000, tmp_path)
    promised = replace(verify(note), granules=48_000 + 9_600)
    with pytest.raises(VoiceError) as caught:
        list(native_frames(io.BytesIO(note), promised, Limits(), lambda _: None))
    assert caught.value.code == "not_native"


def test_a_note_over_the_limit_is_refused_before_it_is_decoded(tmp_path: Path) -> None:
    with pytest.raises(VoiceError) as caught:
        sound(note_of(32_000, tmp_path), Limits(note_seconds=1.5))
    assert caught.value.code == "too_long"
