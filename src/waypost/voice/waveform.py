"""The little bars under a voice note, from a stream whose length is not known before its end.

Sums of absolute values are kept in bins; when there are too many, neighbours are merged. So a second is
exact, an hour takes the same memory, and a bar's edge is off by under half a per cent of its width. Plain
Python on purpose: numpy would double the memory of an idle worker and add its import to every start, to save
4 % of a conversion.
"""

from itertools import pairwise
from typing import Final

from waypost.voice.limits import WAVEFORM_LENGTH

_MOST_BINS: Final = 32_768


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
        width = self._width
        whole = len(loud) - len(loud) % width
        if width == 1:
            self._bins += loud
        else:
            self._bins += [sum(loud[at : at + width]) for at in range(0, whole, width)]
        self._rest = loud[whole:]
        while len(self._bins) >= _MOST_BINS:
            self._halve()

    def _halve(self) -> None:
        bins = self._bins
        if len(bins) % 2:
            # A whole bin that has no partner yet waits with the loose samples; their sum is what counts.
            self._rest = [bins.pop()] + [0] * (self._width - 1) + self._rest
        self._bins = [one + two for one, two in zip(bins[::2], bins[1::2], strict=True)]
        self._width *= 2

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
