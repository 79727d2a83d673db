"""A native note, examined wholly: its profile, and what it sounds like."""

from dataclasses import dataclass
from typing import BinaryIO

from waypost.voice.decode import Tick, samples_of
from waypost.voice.limits import Limits
from waypost.voice.native import native_frames
from waypost.voice.note import whole_seconds
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

    Raises VoiceError: NOT_NATIVE with the reason, also when a packet can't be decoded, TOO_LONG, TOO_COSTLY;
    and whatever `tick` raises.
    """
    file.seek(0)
    profile = verify(file)
    waveform = Waveform()
    for frame in native_frames(file, profile, limits, tick):
        waveform.add(samples_of(frame))
    return Inspection(profile, waveform.samples, waveform.values())
