"""The little bars under a voice note, from a stream whose length is not known before its end.

Sums of absolute values are kept in bins; when there are too many, each eight are merged into one. So two
seconds are exact, an hour takes the same memory, and a bar's edge is off by less than a hundredth of its
width. Without numpy, which would add 12 MB and 70 ms to every worker: a Python integer adds up thousands of
samples at once, at a tenth of the time of adding them one by one.
"""

from itertools import pairwise
from typing import Final

from waypost.voice.limits import WAVEFORM_LENGTH

_CHUNK: Final = 16_384
"""Samples that are added up at once; large numbers beyond the processor's nearest cache are slower."""
_EXACT_BYTES: Final = 4 * _CHUNK
"""Of sound (two chunks) that is kept as it came: all of it, if no more follows."""
_MOST_BINS: Final = 32_768
_MERGED: Final = 8
_SAMPLE_BITS: Final = 16
_LANES: Final = int.from_bytes(b"\x01\x00" * _CHUNK, "little")
"""A one in each place of a sample."""
_EVERY_SECOND: Final = int.from_bytes(b"\xff\xff\x00\x00" * (_CHUNK // 2), "little")


class Waveform:
    """Takes 16-bit mono samples piece by piece, gives 64 values of 0 to 100."""

    def __init__(self) -> None:
        self.samples = 0
        """How many were taken."""
        self._bins: list[int] = []
        self._width = _MERGED
        self._waiting = bytearray()

    def add(self, pcm: memoryview) -> None:
        """Take little-endian 16-bit samples (format `h`)."""
        self.samples += len(pcm)
        self._waiting += pcm
        if len(self._waiting) >= _EXACT_BYTES:
            whole = len(self._waiting) - len(self._waiting) % (2 * _CHUNK)
            self._bins += _folded(self._waiting[:whole], self._width)
            del self._waiting[:whole]
            # A bin can't be wider than a chunk; until then it is more than two hours of sound.
            while len(self._bins) >= _MOST_BINS and self._width * _MERGED <= _CHUNK:
                self._bins = _sums(self._bins, _MERGED)
                self._width *= _MERGED

    def values(self) -> bytes:
        """64 bytes: the mean of each 64th of the sound against the loudest of them; silence gives zeros.

        Fewer than 64 samples are one bar each, and the rest are zero.
        """
        bins, width = self._all_bins()
        # The last bin may be shorter than the others, so edges are taken in samples.
        length = max(self.samples, WAVEFORM_LENGTH)
        edges = [index * length // WAVEFORM_LENGTH for index in range(WAVEFORM_LENGTH + 1)]
        means = []
        for start, end in pairwise(edges):
            low, high = round(start / width), round(end / width)
            if end == length:
                high = len(bins)
            means.append(sum(bins[low:high]) / (end - start))
        loudest = max(means)
        if not loudest:
            return bytes(WAVEFORM_LENGTH)
        return bytes(min(100, int(100 * mean / loudest)) for mean in means)

    def _all_bins(self) -> tuple[list[int], int]:
        """With those of what waits, and their width in samples."""
        if not self._bins:
            return list(map(abs, memoryview(self._waiting).cast("h"))), 1
        count = -(-len(self._waiting) // (2 * self._width))
        missing = -len(self._waiting) % (2 * _CHUNK)
        return self._bins + _folded(self._waiting + bytes(missing), self._width)[:count], self._width


def _folded(pcm: bytearray, width: int) -> list[int]:
    """The sum of the absolute values of each `width` samples (a power of two, 2 to `_CHUNK`) of whole chunks
    of sound."""
    bins: list[int] = []
    for at in range(0, len(pcm), 2 * _CHUNK):
        bins += _chunk_folded(pcm[at : at + 2 * _CHUNK], width)
    return bins


def _chunk_folded(pcm: bytearray, width: int) -> list[int]:
    """One number holds all samples side by side, and each operation works on all of them."""
    side_by_side = int.from_bytes(pcm, "little")
    negative = side_by_side >> (_SAMPLE_BITS - 1) & _LANES
    # Two's complement: -x is the inverted x, plus one; 32,768 still fits, so nothing carries over.
    loud = (side_by_side ^ (negative << _SAMPLE_BITS) - negative) + negative
    sums = (loud & _EVERY_SECOND) + (loud >> _SAMPLE_BITS & _EVERY_SECOND)
    taken = 2
    # From here on 32 bits each, enough for a chunk of the loudest; of what overlaps, only the first of each
    # `width` is read.
    while taken < width:
        sums += sums >> taken * _SAMPLE_BITS
        taken *= 2
    return memoryview(sums.to_bytes(2 * _CHUNK, "little")).cast("I")[:: width // 2].tolist()


def _sums(values: list[int], width: int) -> list[int]:
    """The sum of each `width` values."""
    return list(map(sum, zip(*[iter(values)] * width, strict=True)))
