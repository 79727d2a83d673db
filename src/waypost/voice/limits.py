"""What one conversion may cost, and what a note may be."""

from typing import Final

import msgspec

NOTE_RATE: Final = 16_000
"""Hz; what the phone's recorder states as its input rate, and what libopus needs to stay in SILK wideband."""

WAVEFORM_LENGTH: Final = 64
"""Values; the number that phones draw."""


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of a conversion; each default carries its reason. Sent to every worker when it starts."""

    input_bytes: int = 16 * 1024 * 1024
    """Bytes; WhatsApp itself takes no larger audio."""

    note_bytes: int = 16 * 1024 * 1024
    """Bytes of a finished note, native input included; the kernel stops a worker's file at this size too."""

    note_seconds: float = 3600.0
    """Seconds; nobody listens for longer, and 0.9 MB of FLAC can hold two hours of silence."""

    lowest_rate: int = 4_000
    """Hz; a 40 kB WAV at 1 Hz asks for half a minute of resampling."""

    highest_rate: int = 192_000
    """Hz; above studio rates there is nothing but attacks (2^31 - 1 asks for gigabytes)."""

    channels: int = 8
    """7.1 is the most that people have."""

    cpu_seconds: float = 30.0
    """Seconds of CPU for up to `cpu_share` of audio, in proportion beyond; a long note needs about 7."""

    cpu_share: float = 600.0
    """Seconds of audio that `cpu_seconds` pays for."""

    memory_bytes: int = 512 * 1024 * 1024
    """Bytes of address space above what a worker holds when it starts. Not in proportion to the length of the
    audio: a conversion streams, an hour needs no more than a minute does."""

    stall_seconds: float = 30.0
    """Seconds without a word from a worker after which it counts as stuck; it speaks every second."""

    wall_seconds: float = 900.0
    """Seconds on the wall for one conversion; an hour of audio on a core shared by ten still fits."""

    bitrates: tuple[int, ...] = (20_000, 16_000, 14_000, 12_000)
    """bit/s, tried in this order. At 24 kbit/s libopus leaves SILK for music, at 20 and below it stays; under
    12 it narrows the band. The first is the quality of notes, the second that of notes over `play_bytes`, and
    the rest are there for audio that a future libopus would move out of SILK wideband earlier."""

    play_bytes: int = 512_000
    """Bytes above which some clients show a download arrow in place of the play button (about 3 min 25 s at
    20 kbit/s)."""

    lost_share: float = 0.1
    """Share of the declared length that may be undecodable before the audio counts as damaged."""

    normalize: float | None = None
    """LUFS that a note's sound is brought to (EBU R128, integrated); None leaves every level as it is."""

    def cpu_for(self, seconds: float) -> float:
        """Seconds of CPU allowed once `seconds` of audio have been decoded."""
        return self.cpu_seconds * max(1.0, seconds / self.cpu_share)
