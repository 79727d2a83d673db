"""How much of a sound a note keeps: `make sound`, or `python -m bench.sound [--write]`.

`--write` keeps the table in docs/sound.md. Tests hold every row to the limits that stand here, which are what
was measured and a little more room than machines and versions differ by.
"""

import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import wave
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Final

import numpy as np

from bench.ear import DECODERS, Sound, at_note_rate, at_play_rate, delay, loudness, opinion, played, sent
from bench.field import same_settings
from bench.machine import describe, ffmpeg_version, today
from bench.sounds import mp3
from waypost.voice.convert import convert
from waypost.voice.limits import NOTE_RATE, Limits

PAGE: Final = Path(__file__).parent.parent / "docs" / "sound.md"
_MARK: Final = "<!-- measured -->\n"
_AUDIO: Final = Path(__file__).parent.parent / "tests" / "audio"
_SECONDS: Final = 3
_ROUNDS: Final = 5


@dataclass(frozen=True)
class Case:
    """A sound, and what its note may lose."""

    name: str
    make: Callable[[], Sound]
    least_opinion: float
    """ViSQOL's, by the worse of the two decoders."""
    most_lost: float
    """LU by which the note may be quieter."""


@dataclass(frozen=True)
class Heard:
    """One note through one decoder, against what was encoded."""

    opinion: float
    louder: float
    """LU."""
    peak: float
    """dB by which the true peak rose."""
    delay: int
    """48 kHz samples."""
    samples: int
    """At 48 kHz, too many (or, negative, missing)."""


def _excerpt(name: str) -> Sound:
    return sent(_AUDIO / name)[: _SECONDS * NOTE_RATE]


def _noise(colour: float) -> Sound:
    """Noise whose power falls with frequency by this exponent, at -20 dBFS."""
    count = _SECONDS * NOTE_RATE
    spectrum = np.fft.rfft(np.random.default_rng(7).normal(0, 1, count))
    spectrum[1:] *= np.arange(1, len(spectrum)) ** (-colour / 2)
    noise: Sound = np.fft.irfft(spectrum, count)
    return noise * (0.1 / float(noise.std()))


def _clipped() -> Sound:
    return np.clip(_excerpt("greeting.wav") * 8, -1, 32_767 / 32_768)


CASES: Final = (
    Case("speech", lambda: _excerpt("greeting.wav"), 4.8, 0.5),
    Case("speech, another", lambda: _excerpt("instructions.mp3"), 4.8, 0.5),
    Case("speech, quiet (-40 dB)", lambda: _excerpt("greeting.wav") / 100, 4.5, 0.9),
    Case("speech, clipped (+18 dB)", _clipped, 4.7, 1.2),
    Case("music", lambda: _excerpt("music.mp3"), 4.1, 0.2),
    Case("pink noise", lambda: _noise(1.0), 2.9, 2.6),
    Case("white noise", lambda: _noise(0.0), 3.4, 3.6),
)
MOST_LOUDER: Final = 0.1
"""LU."""
MOST_PEAK: Final = 2.0
"""dB by which a true peak may rise: no decoder gives back the very samples."""
MOST_BELOW_FFMPEG: Final = 0.05
"""By which ffmpeg's note at our settings may please ViSQOL more."""


def as_wav(sound: Sound, path: Path) -> Path:
    """A file of 16-bit mono at 16 kHz."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(NOTE_RATE)
        file.writeframes(np.clip(np.round(sound * 32_768), -32_768, 32_767).astype("<i2").tobytes())
    return path


def judge(source: Sound, note: Path, decoder: str) -> Heard:
    """Play `note` and compare it with its source at 16 kHz."""
    heard = played(note, decoder)
    low = at_note_rate(heard)[: len(source)]
    before, after = loudness(source[: len(low)]), loudness(low)
    return Heard(
        opinion=opinion(source[: len(low)], low),
        louder=after.lufs - before.lufs,
        peak=float(20 * np.log10(after.true_peak / before.true_peak)),
        delay=delay(at_play_rate(source[: len(low)]), heard[: len(low) * 3]),
        samples=len(heard) - 3 * len(source),
    )


def by_ffmpeg(source: Path, target: Path) -> bool:
    """Encode with ffmpeg at our settings; False where there is none."""
    if shutil.which("ffmpeg") is None:
        return False
    command = same_settings(NOTE_RATE, Limits().bitrates[0]).line(str(source), str(target))
    subprocess.run(command, check=True)
    return True


def table(folder: Path, cases: Sequence[Case] = CASES) -> Iterator[str]:
    """The rows of a Markdown table, as they are measured."""
    yield "| sound | ViSQOL: libopus | FFmpeg | limit | LU | limit | true peak, dB | delay | ffmpeg's note |"
    yield "| --- | --- | --- | --- | --- | --- | --- | --- | --- |"
    for case in cases:
        source = as_wav(case.make(), folder / "source.wav")
        note, other = folder / "note.ogg", folder / "ffmpeg.ogg"
        convert(source, note, Limits(), lambda _: None)
        pcm = sent(source)
        first, second = (judge(pcm, note, decoder) for decoder in DECODERS)
        cells = [
            case.name,
            f"{first.opinion:.2f}",
            f"{second.opinion:.2f}",
            f"≥ {case.least_opinion}",
            f"{first.louder:+.2f}",
            f"≥ -{case.most_lost}",
            f"{first.peak:+.1f}, {second.peak:+.1f}",
            f"{first.delay:+d}, {second.delay:+d}",
            "–",
        ]
        if by_ffmpeg(source, other):
            theirs = judge(pcm, other, DECODERS[0])
            cells[-1] = f"{theirs.opinion:.2f}, {theirs.louder:+.2f} LU"
        yield f"| {' | '.join(cells)} |"


def cost(folder: Path) -> str:
    """What normalising adds to a conversion, as the ratio of medians taken alternately."""
    source = folder / "minute.mp3"
    source.write_bytes(mp3(60.0))
    seconds: dict[float | None, list[float]] = {None: [], -16.0: []}
    for _ in range(_ROUNDS):
        for target, taken in seconds.items():
            began = time.process_time()
            convert(source, folder / "note.ogg", Limits(normalize=target), lambda _: None)
            taken.append(time.process_time() - began)
    plain, raised = (statistics.median(taken) for taken in seconds.values())
    return f"Normalising 60 s of mp3 takes {raised / plain:.2f} times the processor time of leaving it alone."


def main(words: Sequence[str]) -> None:
    """Measure, print, and keep the table where that is asked for."""
    judge_version = f"visqol-python {metadata.version('visqol-python')}"
    ffmpeg = f"ffmpeg {version}" if (version := ffmpeg_version()) else "no ffmpeg"
    origin = f"`make sound`, {today()}, {describe()}, {judge_version}, {ffmpeg}."
    lines = [origin, ""]
    with tempfile.TemporaryDirectory(prefix="waypost-sound-") as name:
        for line in table(Path(name)):
            print(line, flush=True)
            lines.append(line)
        lines += ["", cost(Path(name))]
        print(lines[-1])
    if "--write" in words:
        PAGE.write_text(PAGE.read_text().split(_MARK)[0] + _MARK + "\n" + "\n".join(lines) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
