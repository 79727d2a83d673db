from array import array
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.unit.voice.files import tone

from waypost.voice.waveform import Waveform


def waveform(pcm: bytes, *cuts: int) -> bytes:
    view, taken = memoryview(pcm).cast("h"), Waveform()
    for start, end in zip([0, *cuts], [*cuts, len(view)], strict=True):
        taken.add(view[start:end])
    assert taken.samples == len(view)
    return taken.values()


def exact(pcm: bytes) -> list[int]:
    samples = array("h", pcm)
    length = max(64, len(samples))
    edges = [index * length // 64 for index in range(65)]
    means = [sum(map(abs, samples[start:end])) / (end - start) for start, end in pairwise(edges)]
    return [int(100 * mean / (max(means) or 1)) for mean in means]


def test_silence_is_64_zeros() -> None:
    assert waveform(bytes(64_000)) == bytes(64)


def test_nothing_is_64_zeros() -> None:
    assert waveform(b"") == bytes(64)


def test_fewer_than_64_samples_are_one_bar_each() -> None:
    assert waveform(array("h", [5, -10]).tobytes()) == bytes((50, 100)) + bytes(62)


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=900))
def test_short_sounds_are_exact(samples: list[int]) -> None:
    pcm = array("h", samples).tobytes()
    assert list(waveform(pcm)) == exact(pcm)


def test_long_sounds_are_off_by_little_however_they_arrive() -> None:
    pcm = tone(16_000 * 61 + 77)
    whole = waveform(pcm)
    assert max(whole) == 100
    assert max(abs(one - two) for one, two in zip(whole, exact(pcm), strict=True)) <= 1
    pieces = waveform(pcm, *range(417, len(pcm) // 2, 417))
    assert max(abs(one - two) for one, two in zip(whole, pieces, strict=True)) <= 1


def test_the_loudest_sample_carries_over_into_no_other() -> None:
    half = array("h", [-32_768] * 51_200).tobytes() + array("h", [-16_384] * 51_200).tobytes()
    assert waveform(half) == bytes([100] * 32 + [50] * 32)
    piece, taken = memoryview(array("h", [-32_768] * 163_840)), Waveform()
    for _ in range(360):
        taken.add(piece)
    assert taken.values() == bytes([100] * 64)


@given(st.lists(st.integers(-32_768, 32_767), min_size=1, max_size=50), st.integers(65, 511))
@settings(max_examples=20, deadline=None)
def test_bars_that_begin_where_a_bin_does_are_exact(samples: list[int], width: int) -> None:
    length = 64 * 8 * width
    pcm = array("h", (samples * (length // len(samples) + 1))[:length]).tobytes()
    assert list(waveform(pcm, 20_001)) == exact(pcm)
