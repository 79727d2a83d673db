"""A native note, examined wholly: its profile, and what it sounds like."""

import os
from contextlib import closing
from dataclasses import dataclass
from typing import BinaryIO

from waypost.errors import NOT_NATIVE, VoiceError
from waypost.voice.decode import Decoding, Tick, samples_of
from waypost.voice.limits import Limits
from waypost.voice.note import whole_seconds
from waypost.voice.sniff import OGG
from waypost.voice.verify import NoteProfile, verify
from waypost.voice.waveform import Waveform


@dataclass(frozen=True, slots=True)
class Inspection:
    """What a native note is, and the facts that its message would carry."""

    profile: NoteProfile
    samples: int
    """At 16 kHz, by decoding."""
    waveform: bytes
    """64 values of 0 to 100."""

    @property
    def seconds(self) -> int:
        """Whole seconds, at least 1."""
        return whole_seconds(self.samples)


def inspect(file: BinaryIO, limits: Limits, tick: Tick = lambda _: None) -> Inspection:
    """Check every page and packet of `file`, then decode it all, in this process and with bounded memory.

    Raises VoiceError(NOT_NATIVE) with the reason, also when a packet can't be decoded; what `limits` say of
    length and shape; and whatever `tick` raises.
    """
    size = os.fstat(file.fileno()).st_size
    file.seek(0)
    profile = verify(file)
    waveform = Waveform()
    with closing(Decoding(file, size, OGG, limits)) as decoding:
        for frame in decoding.frames(tick):
            waveform.add(samples_of(frame))
        decoding.check()
        if decoding.lost_packets:
            raise VoiceError(NOT_NATIVE, "A packet of it can't be decoded.", reason="undecodable packet")
    return Inspection(profile, waveform.samples, waveform.values())
