"""The little bars under a voice note, from a stream whose length is not known before its end.

Sums of absolute values are kept in bins; when there are too many, each eight are merged into one. So two
seconds are exact, an hour takes the same memory, and a bar's edge is off by less than a hundredth of its
width. Plain Python on purpose: numpy would add 12 MB and 70 ms to every worker, to save a twentieth of a
conversion.
"""

from itertools import pairwise
from typing import Final

from waypost.voice.limits import WAVEFORM_LENGTH

_MOST_BINS: Final = 32_768
_MERGED: Final = 8


class Waveform:
    """Takes 16-bit mono samples piece by piece, gives 64 values of 0 to 100."""

    def __init__(self) -> None:
        self.samples = 0
        """How many were taken."""
        self._bins: list[int] = []
        self._width = 1
        self._rest: list[int] = []

    def add(self, pcm: memoryview) -> None:
        """Take native-endian 16-bit samples (format `h`)."""
        self.samples += len(pcm)
        loud = self._rest + list(map(abs, pcm))
        whole = len(loud) - len(loud) % self._width
        self._rest = loud[whole:]
        self._bins += loud if self._width == 1 else _sums(loud, self._width)
        while len(self._bins) >= _MOST_BINS:
            self._merge()

    def _merge(self) -> None:
        """Fewer, wider bins. What does not fill a wider one waits with the loose samples; its sum is what
        counts."""
        bins, width = self._bins, self._width
        whole = len(bins) - len(bins) % _MERGED
        waiting = [value for loose in bins[whole:] for value in (loose, *[0] * (width - 1))]
        self._rest = waiting + self._rest
        self._bins = _sums(bins, _MERGED)
        self._width = width * _MERGED

    def values(self) -> bytes:
        """64 bytes: the mean of each 64th of the sound against the loudest of them; silence gives zeros.

        Fewer than 64 samples are one bar each, and the rest are zero.
        """
        bins, width = self._bins, self._width
        if self._rest:
            bins = [*bins, sum(self._rest)]
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


def _sums(values: list[int], width: int) -> list[int]:
    """The sum of each `width` values; a shorter rest is left out."""
    return list(map(sum, zip(*[iter(values)] * width, strict=False)))
