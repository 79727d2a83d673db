"""Finished notes by ear: two decoders play them, and what they play is compared with the source."""

import shutil
import wave
from pathlib import Path

import numpy as np
import pytest
from bench.ear import DECODERS, PLAY_RATE, Sound, delay, opinion, played, sent
from bench.sound import (
    CASES,
    MOST_BELOW_FFMPEG,
    MOST_LOUDER,
    MOST_PEAK,
    Case,
    as_wav,
    by_ffmpeg,
    judge,
)
from tests.unit.voice.files import AUDIO

from waypost.voice.convert import convert
from waypost.voice.limits import NOTE_RATE, Limits

EDGE = PLAY_RATE // 50
"""Samples of 20 ms."""

OVERSHOOT = 2.5
"""dB; a step that went through a low-pass rings, 1.8 was measured."""

PADDED = 312 // 3
WHOLE = 960 - PADDED
"""Samples that fill one packet with the encoder's delay."""


def note_of(sound: Sound, folder: Path) -> Path:
    target = folder / "note.ogg"
    convert(as_wav(sound, folder / "source.wav"), target, Limits(), lambda _: None)
    return target


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_note_keeps_what_its_sound_is(case: Case, tmp_path: Path) -> None:
    note = note_of(case.make(), tmp_path)
    source = sent(tmp_path / "source.wav")
    for decoder in DECODERS:
        heard = judge(source, note, decoder)
        assert heard.samples == 0
        assert heard.opinion >= case.least_opinion, decoder
        assert -case.most_lost <= heard.louder <= MOST_LOUDER, decoder
        assert heard.peak <= MOST_PEAK, decoder


@pytest.mark.skipif(shutil.which("ffmpeg") is None, reason="there is no ffmpeg to compare with")
@pytest.mark.parametrize("case", [CASES[0], CASES[-1]], ids=lambda case: case.name)
def test_a_note_is_as_good_as_ffmpeg_s_at_the_same_settings(case: Case, tmp_path: Path) -> None:
    note, theirs = note_of(case.make(), tmp_path), tmp_path / "ffmpeg.ogg"
    assert by_ffmpeg(tmp_path / "source.wav", theirs)
    source = sent(tmp_path / "source.wav")
    ours, reference = judge(source, note, DECODERS[0]), judge(source, theirs, DECODERS[0])
    assert ours.opinion >= reference.opinion - MOST_BELOW_FFMPEG
    assert ours.louder == pytest.approx(reference.louder, abs=0.2)


def test_the_judge_hears_what_a_telephone_would_do_to_it() -> None:
    source = CASES[0].make()
    coarse = np.round(source * 16) / 16
    assert opinion(source, coarse) < CASES[0].least_opinion - 1


@pytest.mark.parametrize("rate", [8_000, 16_000, 44_100, 48_000, 96_000])
def test_a_note_is_in_step_with_its_source(rate: int, tmp_path: Path) -> None:
    chance = np.random.default_rng(3)
    tones, phases = chance.uniform(300, 3_000, 80), chance.uniform(0, 2 * np.pi, 80)

    def sound(at: int) -> Sound:
        time = np.arange(2 * at)[:, None] / at
        return np.asarray(np.sin(2 * np.pi * tones * time + phases).sum(axis=1) / 40)

    source, note = tmp_path / "source.wav", tmp_path / "note.ogg"
    with wave.open(str(source), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes((np.clip(sound(rate), -0.99, 0.99) * 32_767).astype("<i2").tobytes())
    convert(source, note, Limits(), lambda _: None)
    for decoder in DECODERS:
        # One sample at 16 kHz is three here.
        assert abs(delay(sound(PLAY_RATE), played(note, decoder))) <= 3, decoder


@pytest.mark.parametrize(
    "samples", [1, 2, 79, 80, 319, WHOLE - 1, WHOLE, WHOLE + 1, 960, WHOLE + 960, 16_001, 31_999]
)
@pytest.mark.parametrize("decoder", DECODERS)
def test_a_note_ends_at_the_very_sample(samples: int, decoder: str, tmp_path: Path) -> None:
    sound = 0.5 * np.sin(np.arange(samples) * 0.3)
    assert len(played(note_of(sound, tmp_path), decoder)) == 3 * samples


def tone(hertz: float, seconds: float, phase: float = 0.0) -> Sound:
    return np.asarray(
        0.8 * np.sin(2 * np.pi * hertz * np.arange(int(seconds * NOTE_RATE)) / NOTE_RATE + phase)
    )


QUARTER = np.pi / 2
EDGES = {
    "a tone that starts at its peak": tone(440, 1.0, QUARTER),
    "a tone that is cut at its peak": tone(440, 1.0 + 0.25 / 440),
    "a low tone": tone(120, 1.002, QUARTER),
    "a constant": np.full(NOTE_RATE, 0.3),
    "a tone beside the middle": 0.3 + tone(440, 1.0) / 2,
    "silence, then a tone": np.concatenate([np.zeros(NOTE_RATE // 2), tone(440, 0.5)]),
    "a tone, then silence": np.concatenate([tone(440, 0.5), np.zeros(NOTE_RATE // 2)]),
    "speech that is cut in a word": sent(AUDIO / "greeting.wav")[NOTE_RATE : 2 * NOTE_RATE + 11],
}


def steepest(sound: Sound) -> float:
    """The largest step from one 48 kHz sample to the next."""
    return float(np.abs(np.diff(sound)).max())


def click(sound: Sound) -> float:
    """Energy above 1.5 kHz in the 20 ms after silence, in dB: what a click is made of."""
    quiet = np.concatenate([np.zeros(EDGE), sound[:EDGE]]) * np.hanning(2 * EDGE)
    spectrum = np.abs(np.fft.rfft(quiet)) ** 2
    bins = PLAY_RATE / (2 * EDGE)
    return float(10 * np.log10(spectrum[int(1_500 / bins) : int(7_000 / bins)].sum() + 1e-6))


def loudest_click(source: Sound) -> float:
    """Of a source that begins at any point of its first 20 ms: the codec's high-pass shifts low tones by
    milliseconds, so another point of the wave comes first."""
    return max(-30.0, *(click(source[cut:]) for cut in range(0, EDGE, 12)))


@pytest.mark.parametrize("decoder", DECODERS)
@pytest.mark.parametrize("name", EDGES)
def test_a_note_neither_starts_nor_ends_with_a_click(name: str, decoder: str, tmp_path: Path) -> None:
    note = note_of(EDGES[name], tmp_path)
    source = np.repeat(sent(tmp_path / "source.wav"), 3)
    smooth = np.interp(np.arange(len(source)) / 3, np.arange(len(source) // 3), source[::3])
    heard = played(note, decoder)
    assert click(heard) <= loudest_click(smooth) + OVERSHOOT
    assert click(heard[::-1]) <= loudest_click(smooth[::-1]) + OVERSHOOT
    # A player begins at nothing: the source's own first step is its own, and the codec spreads it a little.
    assert steepest(heard[:EDGE]) <= max(1.5 * steepest(smooth), 0.2 * abs(source[0])) + 0.001
    assert steepest(heard[-EDGE:]) <= 1.2 * steepest(smooth) + 0.001
