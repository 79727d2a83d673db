"""Levels: left alone unless a target is set, and then brought to it without clipping."""

import math
from array import array
from contextlib import closing
from pathlib import Path

import pytest
from tests.unit.voice.files import AUDIO, wav

from waypost.errors import VoiceError
from waypost.voice.convert import convert
from waypost.voice.decode import Decoding
from waypost.voice.limits import Limits
from waypost.voice.loudness import Loudness, gain_for, measure
from waypost.voice.note import Note
from waypost.voice.sniff import sniff
from waypost.workers.pool import WorkerPool

RATE = 16_000
SECONDS = 3
RIGHT_IN_51, MIDDLE_IN_51, ALL_IN_51 = 1, 2, range(6)


def quietly(_: float) -> None:
    """Watches nothing."""


def heard(path: Path) -> Loudness:
    """The loudness of a file as one channel."""
    with (
        path.open("rb") as file,
        closing(Decoding(file, path.stat().st_size, sniff(file), Limits())) as decoding,
    ):
        return measure(decoding, quietly)


def made(source: Path, target: Path, normalize: float | None) -> Note:
    return convert(source, target, Limits(normalize=normalize), quietly)


def sine(hertz: float, peak: float = 0.25, seconds: float = SECONDS) -> list[float]:
    return [peak * math.sin(2 * math.pi * hertz * at / RATE) for at in range(int(seconds * RATE))]


def silence() -> list[float]:
    return [0.0] * (SECONDS * RATE)


def spread(channels: list[list[float]], path: Path) -> Path:
    """A WAV of these channels."""
    values = (max(-1.0, min(1.0, value)) for frame in zip(*channels, strict=True) for value in frame)
    data = array("h", (round(32_767 * value) for value in values)).tobytes()
    path.write_bytes(wav(data, rate=RATE, channels=len(channels)))
    return path


def decibels(ratio: float) -> float:
    return 20 * math.log10(ratio)


def test_a_sine_at_full_scale_reads_as_the_standard_says(tmp_path: Path) -> None:
    # ITU-R BS.1770-4: 997 Hz at 0 dBFS in one channel reads -3.01 LUFS.
    found = heard(spread([sine(997, peak=0.999)], tmp_path / "sine.wav"))
    assert found.lufs == pytest.approx(-3.01, abs=0.15)
    assert found.true_peak == pytest.approx(1.0, abs=0.02)


@pytest.mark.parametrize("seconds", [0.01, 0.2, 0.4, 1.05])
def test_a_short_sound_is_measured_too(seconds: float, tmp_path: Path) -> None:
    found = heard(spread([sine(997, seconds=seconds)], tmp_path / "short.wav"))
    assert found.true_peak == pytest.approx(0.25, abs=0.05)
    assert -70 < found.lufs < -14


@pytest.mark.parametrize("target", [-16.0, -23.0])
@pytest.mark.parametrize("name", ["music.mp3", "greeting.amr", "greeting.stereo48k.opus.ogg"])
def test_a_note_comes_to_the_target_or_as_near_as_its_peaks_allow(
    name: str, target: float, tmp_path: Path
) -> None:
    before = heard(AUDIO / name)
    note = made(AUDIO / name, tmp_path / "note.ogg", target)
    after = heard(note.path)
    reach = min(target, before.lufs - 1.0 - decibels(before.true_peak))
    # What the codec itself takes from speech is 0.2 to 0.4 LU.
    assert after.lufs == pytest.approx(reach, abs=0.5)


def test_what_is_played_after_a_gain_stays_near_the_ceiling(tmp_path: Path) -> None:
    note = made(AUDIO / "greeting.mp3", tmp_path / "note.ogg", -5.0)
    # The codec itself adds up to a decibel to peaks of speech.
    assert -2.0 < decibels(heard(note.path).true_peak) < 0.5


def test_peaks_stay_below_the_ceiling_before_the_codec() -> None:
    loud = Loudness(lufs=-25.0, true_peak=0.7)
    assert decibels(gain_for(loud, -5.0) * loud.true_peak) == pytest.approx(-1.0)
    assert decibels(gain_for(loud, -23.0)) == pytest.approx(2.0)
    assert decibels(gain_for(Loudness(-10.0, 1.0), -23.0)) == pytest.approx(-13.0)


@pytest.mark.parametrize(
    "found",
    [
        Loudness(-70.0, 0.0),
        Loudness(-70.0, 0.0001),
        Loudness(math.nan, 0.5),
        Loudness(-20.0, math.inf),
        Loudness(-math.inf, 0.0),
    ],
)
def test_what_has_no_loudness_is_left_alone(found: Loudness) -> None:
    assert gain_for(found, -16.0) == 1.0
    assert gain_for(found, None) == 1.0


def test_the_noise_of_a_room_is_not_blown_up() -> None:
    assert decibels(gain_for(Loudness(-68.0, 0.001), -16.0)) == pytest.approx(30.0)


def test_a_native_note_is_encoded_again_only_where_its_level_is_to_change(tmp_path: Path) -> None:
    first = made(AUDIO / "greeting.mp3", tmp_path / "first.ogg", None)
    assert made(first.path, tmp_path / "same.ogg", None).passthrough
    changed = made(first.path, tmp_path / "changed.ogg", -30.0)
    assert not changed.passthrough
    assert heard(changed.path).lufs == pytest.approx(-30.0, abs=0.5)
    again = made(changed.path, tmp_path / "again.ogg", -30.0)
    assert again.passthrough
    assert again.path.read_bytes() == changed.path.read_bytes()


def test_normalizing_changes_neither_length_nor_the_look_of_the_waveform(tmp_path: Path) -> None:
    plain = made(AUDIO / "music.mp3", tmp_path / "plain.ogg", None)
    raised = made(AUDIO / "music.mp3", tmp_path / "raised.ogg", -16.0)
    assert raised.samples == plain.samples
    assert max(abs(one - other) for one, other in zip(raised.waveform, plain.waveform, strict=True)) <= 1


def test_silence_stays_silence(tmp_path: Path) -> None:
    note = made(AUDIO / "silence.wav", tmp_path / "note.ogg", -16.0)
    assert note.waveform == bytes(64)
    assert heard(note.path).true_peak < 0.001


def test_what_hostile_audio_costs_is_counted_over_both_passes(tmp_path: Path) -> None:
    told: list[float] = []
    convert(AUDIO / "music.mp3", tmp_path / "note.ogg", Limits(normalize=-16.0), told.append)
    assert told == sorted(told)
    assert told[-1] == pytest.approx(24.0, abs=0.2)


def test_damage_is_refused_with_a_target_as_without(tmp_path: Path) -> None:
    broken = bytearray((AUDIO / "greeting.m4a").read_bytes())
    broken[8_000:40_000] = bytes(32_000)
    source = tmp_path / "broken.m4a"
    source.write_bytes(broken)
    with pytest.raises(VoiceError, match="damaged") as refused:
        made(source, tmp_path / "note.ogg", -16.0)
    assert refused.value.code == "corrupt_audio"
    assert [path.name for path in tmp_path.iterdir()] == ["broken.m4a"]


def test_stereo_with_the_same_on_both_sides_keeps_its_level(tmp_path: Path) -> None:
    one = sine(440)
    both = spread([one, one], tmp_path / "both.wav")
    assert heard(both).lufs == pytest.approx(heard(spread([one], tmp_path / "one.wav")).lufs, abs=0.05)


def test_what_only_one_side_holds_comes_6_db_down_as_a_mix_has_it(tmp_path: Path) -> None:
    one = sine(440)
    left = spread([one, silence()], tmp_path / "left.wav")
    assert heard(left).lufs == pytest.approx(heard(spread([one], tmp_path / "one.wav")).lufs - 6.02, abs=0.05)


def test_different_sounds_on_both_sides_come_3_db_down(tmp_path: Path) -> None:
    two = spread([sine(440), sine(550)], tmp_path / "two.wav")
    assert heard(two).lufs == pytest.approx(
        heard(spread([sine(440)], tmp_path / "one.wav")).lufs - 3.01, abs=0.15
    )


@pytest.mark.parametrize(
    ("channel", "lower"),
    [(RIGHT_IN_51, 6.02), (MIDDLE_IN_51, 3.01), (4, 9.03)],
    ids=["right", "middle", "surround"],
)
def test_a_film_s_voice_is_as_loud_as_one_spread_over_left_and_right(
    channel: int, lower: float, tmp_path: Path
) -> None:
    one = sine(440)
    film = spread([one if at == channel else silence() for at in ALL_IN_51], tmp_path / "film.wav")
    note = made(film, tmp_path / "note.ogg", None)
    single = made(spread([one], tmp_path / "one.wav"), tmp_path / "one.ogg", None)
    assert heard(single.path).lufs - heard(note.path).lufs == pytest.approx(lower, abs=0.3)


def test_a_mix_that_would_exceed_full_scale_comes_down_as_a_whole(tmp_path: Path) -> None:
    one = sine(440, peak=0.9)
    film = spread([one for _ in ALL_IN_51], tmp_path / "film.wav")
    found = heard(film)
    assert found.true_peak > 2
    note = made(film, tmp_path / "note.ogg", None)
    # A clipped sine would read some 2 LU more than one that just fits.
    assert heard(note.path).lufs == pytest.approx(found.lufs - decibels(found.true_peak), abs=0.3)


async def test_a_worker_process_normalizes(tmp_path: Path) -> None:
    async with WorkerPool(Limits(normalize=-20.0), workers=1) as pool:
        note = await pool.convert(AUDIO / "music.mp3", tmp_path / "note.ogg")
    assert heard(note.path).lufs == pytest.approx(-20.0, abs=0.5)
