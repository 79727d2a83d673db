"""A finished voice note."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

from waypost.voice.limits import NOTE_RATE

MIMETYPE: Final = "audio/ogg; codecs=opus"
"""What the message says the note is; a phone plays it as a voice note only so."""


@dataclass(frozen=True, slots=True)
class Note:
    """A native voice note on disk, with the facts that its message carries."""

    path: Path
    size: int
    """Bytes."""
    sha256: bytes
    """Digest of the file."""
    samples: int
    """At 16 kHz, without the padding."""
    seconds: int
    """Whole seconds, at least 1: phones draw nothing for 0."""
    waveform: bytes
    """64 values of 0 to 100."""
    bitrate: int
    """bit/s that the encoder was set to, or the mean of a note that was already native."""
    passthrough: bool
    """Whether the file was native before, and is unchanged."""


def whole_seconds(samples: int) -> int:
    """The length that a message states for `samples` at 16 kHz."""
    return max(1, (samples + NOTE_RATE // 2) // NOTE_RATE)


def part_of(target: Path) -> Path:
    """Where a note is while it is being written; whoever kills a conversion removes it."""
    return target.with_name(target.name + ".part")
