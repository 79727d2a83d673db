"""Whole conversions in this process."""

import hashlib
from contextlib import closing
from pathlib import Path

import pytest
from tests.unit.voice.files import AUDIO, encoded, tone, wav

from waypost.errors import VoiceError
from waypost.voice import opus
from waypost.voice.convert import convert, first_bitrate
from waypost.voice.decode import Decoding, samples_of
from waypost.voice.limits import Limits
from waypost.voice.note import Note
from waypost.voice.ogg import read_pages, split_body
from waypost.voice.sniff import sniff
from waypost.voice.verify import verify

SECONDS = {"blip.wav": 0.4, "greeting.amr": 3.0, "greeting.video.mp4": 6.037, "instructions.mp3": 29.088}
SECONDS |= {"music.mp3": 12.0, "silence.wav": 2.0}
FILES = sorted(path.name for path in AUDIO.iterdir() if path.suffix != ".md")


def quietly(_: float) -> None:
    """Watches nothing."""


def made(source: Path, target: Path, limits: Limits | None = None) -> Note:
    return convert(source, target, limits or Limits(), quietly)


def made_of(data: bytes, folder: Path, limits: Limits | None = None) -> Note:
    source = folder / "source"
    source.write_bytes(data)
    return made(source, folder / "note.ogg", limits)


def pcm_of(path: Path) -> bytes:
    with (
        path.open("rb") as file,
        closing(Decoding(file, path.stat().st_size, sniff(file), Limits())) as decoding,
    ):
        return b"".join(samples_of(frame).tobytes() for frame in decoding.frames(quietly))


@pytest.mark.parametrize("name", FILES)
def test_every_input_becomes_a_native_note(name: str, tmp_path: Path) -> None:
    note = made(AUDIO / name, tmp_path / "note.ogg")
    data = note.path.read_bytes()
    profile = verify(data)
    seconds = SECONDS.get(name, 6.65)
    assert note.path == tmp_path / "note.ogg"
    assert note.samples == pytest.approx(seconds * 16_000, abs=320)
    assert profile.seconds == pytest.approx(note.samples / 16_000, abs=1e-9)
    assert note.seconds == max(1, round(seconds))
    assert note.size == len(data)
    assert note.sha256 == hashlib.sha256(data).digest()
    assert len(note.waveform) == 64
    assert max(note.waveform) == (0 if name == "silence.wav" else 100)
    assert note.bitrate == 20_000
    assert not note.passthrough
    assert list(tmp_path.iterdir()) == [note.path]


def test_every_packet_of_music_stays_in_silk_wideband(tmp_path: Path) -> None:
    note = made(AUDIO / "music.mp3", tmp_path / "note.ogg")
    with note.path.open("rb") as file:
        packets = [packet for page in list(read_pages(file))[2:] for packet in split_body(page)[0]]
    assert len(packets) == 201
    assert {(opus.toc_of(packet), len(opus.split(packet))) for packet in packets} == {
        (opus.Toc(9, stereo=False, code=3), 3)
    }


def test_a_native_note_passes_byte_for_byte(tmp_path: Path) -> None:
    first = made(AUDIO / "greeting.mp3", tmp_path / "first.ogg")
    second = made(first.path, tmp_path / "second.ogg")
    assert second.passthrough
    assert second.path.read_bytes() == first.path.read_bytes()
    assert (second.samples, second.seconds, second.sha256) == (first.samples, first.seconds, first.sha256)
    assert second.waveform != bytes(64)
    assert max(abs(a - b) for a, b in zip(first.waveform, second.waveform, strict=True)) <= 10


def test_a_note_with_one_flipped_bit_is_not_passed_on(tmp_path: Path) -> None:
    native = bytearray(made(AUDIO / "instructions.mp3", tmp_path / "first.ogg").path.read_bytes())
    native[len(native) // 2] ^= 1
    note = made_of(bytes(native), tmp_path)
    assert not note.passthrough
    assert verify(note.path.read_bytes())


def test_opus_that_is_not_native_is_encoded_again(tmp_path: Path) -> None:
    note = made_of(encoded(tone(48_000), "ogg", "libopus"), tmp_path)
    assert not note.passthrough
    assert verify(note.path.read_bytes()).seconds == pytest.approx(3.0, abs=0.01)


def test_the_same_sound_gives_the_same_bytes(tmp_path: Path) -> None:
    digests = {made(AUDIO / "greeting.wav", tmp_path / name).sha256 for name in ("one.ogg", "two.ogg")}
    assert len(digests) == 1


def test_the_sound_survives(tmp_path: Path) -> None:
    note = made_of(wav(tone(32_000)), tmp_path)
    before = tone(32_000)
    after = pcm_of(note.path)
    assert len(after) == len(before)
    loud = [sum(map(abs, memoryview(pcm).cast("h"))) for pcm in (before, after)]
    assert loud[1] == pytest.approx(loud[0], rel=0.2)


def test_amr_with_comfort_noise_is_decoded(tmp_path: Path) -> None:
    frames = (AUDIO / "greeting.amr").read_bytes()
    silence = bytes((0x44, *bytes(5)))  # a frame of type 8: comfort noise
    note = made_of(frames + silence * 50, tmp_path)
    assert note.samples == pytest.approx((3.0 + 1.0) * 16_000, abs=640)


def test_a_long_note_is_encoded_at_16_kbit(tmp_path: Path) -> None:
    limits = Limits(play_bytes=4_000)
    assert first_bitrate(1.7, limits) == 1
    assert first_bitrate(1.5, limits) == 0
    assert first_bitrate(None, limits) == 0
    note = made(AUDIO / "greeting.mp3", tmp_path / "note.ogg", limits)
    assert note.bitrate == 16_000
    assert verify(note.path.read_bytes()).bitrate < 16_800


def test_20_kbit_reaches_the_size_that_phones_play_at_once_after_3_minutes_25() -> None:
    assert first_bitrate(204.0, Limits()) == 0
    assert first_bitrate(206.0, Limits()) == 1


def test_a_length_that_nobody_states_is_found_out_on_the_way(tmp_path: Path) -> None:
    note = made(AUDIO / "greeting.aac", tmp_path / "note.ogg", Limits(play_bytes=8_000))
    assert note.bitrate == 16_000
    assert note.samples == pytest.approx(6.664 * 16_000, abs=320)
    assert verify(note.path.read_bytes())


def test_music_that_leaves_silk_steps_down_in_bitrate(tmp_path: Path) -> None:
    note = made(AUDIO / "music.mp3", tmp_path / "note.ogg", Limits(bitrates=(28_000, 24_000, 20_000)))
    assert note.bitrate == 20_000
    assert verify(note.path.read_bytes()).seconds == pytest.approx(12.0, abs=0.01)


def test_music_that_never_stays_in_silk_is_not_passed_off_as_native(tmp_path: Path) -> None:
    with pytest.raises(VoiceError) as caught:
        made(AUDIO / "music.mp3", tmp_path / "note.ogg", Limits(bitrates=(28_000, 24_000)))
    assert caught.value.code == "not_native"
    assert list(tmp_path.iterdir()) == []


def test_a_note_over_its_limit_is_too_large_and_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises(VoiceError) as caught:
        made(AUDIO / "greeting.mp3", tmp_path / "note.ogg", Limits(note_bytes=5_000))
    assert caught.value.code == "too_large"
    assert list(tmp_path.iterdir()) == []


def test_a_failure_leaves_an_older_note_alone(tmp_path: Path) -> None:
    (tmp_path / "note.ogg").write_bytes(b"older")
    with pytest.raises(VoiceError):
        made_of(b"no audio", tmp_path)
    assert (tmp_path / "note.ogg").read_bytes() == b"older"
