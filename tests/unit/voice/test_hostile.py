"""Input that means harm, or is broken: each ends with its code."""

import os
import random
import struct
import time
from pathlib import Path

import pytest
from tests.unit.voice.files import AUDIO, encoded, silent_film, silent_flac, tone, wav
from tests.unit.voice.test_convert import made_of

from waypost.errors import VoiceError
from waypost.voice.limits import Limits
from waypost.voice.verify import verify

PLAYLIST = b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n"
SDP = b"v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n"
NOISE = random.Random(1).randbytes(40_000)


def cut(name: str, share: float) -> bytes:
    data = (AUDIO / name).read_bytes()
    return data[: int(len(data) * share)]


def holed(name: str) -> bytes:
    """Half of the file, in the middle, is zero."""
    data = bytearray((AUDIO / name).read_bytes())
    quarter = len(data) // 4
    data[quarter : 3 * quarter] = bytes(2 * quarter)
    return bytes(data)


def shredded_opus() -> bytes:
    data = bytearray((AUDIO / "greeting.stereo48k.opus.ogg").read_bytes())
    data[12_000:-600] = random.Random(5).randbytes(len(data) - 12_600)
    return bytes(data)


def chained(*names: str) -> bytes:
    """One Ogg stream behind the other in the same file."""
    return b"".join((AUDIO / name).read_bytes() for name in names)


OPUS, VORBIS = "greeting.stereo48k.opus.ogg", "greeting.vorbis.ogg"

REFUSED = {
    "nothing": (b"", "empty_file"),
    "one byte": (b"\xff", "not_audio"),
    "text": (b"Dear reader,\n" * 500, "not_audio"),
    "random": (NOISE, "not_audio"),
    "web page": (b"<!doctype html><title>Sign in</title>", "not_audio"),
    "picture": (b"\x89PNG\r\n\x1a\n" + NOISE, "not_audio"),
    "HEIC picture": (b"\0\0\0\x18ftypheic" + NOISE, "not_audio"),
    "playlist": (PLAYLIST, "not_audio"),
    "ffconcat": (b"ffconcat version 1.0\nfile '/etc/hostname'\n", "not_audio"),
    "SDP": (SDP, "not_audio"),
    "DASH": (b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"/>', "not_audio"),
    "playlist behind an ID3 tag": (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10) + PLAYLIST, "not_audio"),
    "ID3 tag alone": (b"ID3\x04\0\0\0\0\0\x0a" + bytes(10), "not_audio"),
    "MIDI": (b"MThd\0\0\0\x06" + bytes(40), "unsupported_format"),
    "AVI": (b"RIFF\x00\x10\0\0AVI LIST" + NOISE, "unsupported_format"),
    "WAV with a codec nobody has": (wav(NOISE, code=0x7777), "unsupported_format"),
    "1 Hz": (wav(NOISE, rate=1), "unsupported_rate"),
    "2^31 - 1 Hz": (wav(NOISE, rate=2**31 - 1), "unsupported_rate"),
    "255 channels": (wav(NOISE, channels=255), "too_many_channels"),
    "9 channels": (wav(NOISE[:39_996], channels=9), "too_many_channels"),
    "WAV without sound": (wav(b""), "corrupt_audio"),
    "shredded Opus": (shredded_opus(), "corrupt_audio"),
    "Opus chained behind Vorbis": (chained(VORBIS, OPUS), "corrupt_audio"),
    "Vorbis chained behind Opus": (chained(OPUS, VORBIS), "corrupt_audio"),
    "MP4 without its index": (cut("greeting.m4a", 0.5), "corrupt_audio"),
    **{
        f"{name} with a hole": (holed(name), "corrupt_audio")
        for name in (
            *("greeting.mp3", "greeting.aac", "greeting.flac", "greeting.webm", "greeting.m4a"),
            *("greeting.vorbis.ogg", "greeting.stereo48k.opus.ogg", "greeting.fragmented.m4a"),
        )
    },
}


@pytest.mark.parametrize("name", REFUSED)
def test_bad_input_ends_with_its_code_at_once(name: str, tmp_path: Path) -> None:
    data, code = REFUSED[name]
    began = time.process_time()
    with pytest.raises(VoiceError) as caught:
        made_of(data, tmp_path)
    assert caught.value.code == code
    assert not (tmp_path / "note.ogg").exists()
    assert time.process_time() - began < 1.0


TAKEN = {
    "Opus chained behind Opus": (chained(OPUS, OPUS), 13.28),
    "MP3 that says it is Ogg": (cut("greeting.mp3", 1.0), 6.64),
    "cut MP3": (cut("greeting.mp3", 0.5), 3.32),
    "cut WAV": (cut("greeting.wav", 0.5), 3.32),
    "cut Vorbis": (cut("greeting.vorbis.ogg", 0.5), 3.0),
    "cut Opus": (cut("greeting.stereo48k.opus.ogg", 0.5), 3.0),
    "cut AAC": (cut("greeting.aac", 0.5), 3.3),
    "streamed WAV of unknown length": (wav(tone(32_000), declared=2**32 - 1), 2.0),
    "WAV that promises more": (wav(tone(32_000), declared=640_000), 2.0),
    "30 samples": (wav(tone(30)), 0.0),
    "8 channels": (wav(NOISE[:39_936] * 20, rate=48_000, channels=8), 1.04),
    "NaN": (wav(struct.pack("<f", float("nan")) * 48_000, rate=48_000, bits=32, code=3), 1.0),
    "infinity": (wav(struct.pack("<f", float("inf")) * 48_000, rate=48_000, bits=32, code=3), 1.0),
    "junk before MP3": (bytes(5_000) + cut("greeting.mp3", 1.0), 6.64),
    "4 kHz": (wav(tone(8_000), rate=4_000), 2.0),
    "192 kHz": (wav(tone(192_000), rate=192_000), 1.0),
    "WMA": (encoded(tone(88_200, 44_100), "asf", "wmav2", rate=44_100, bitrate=64_000), 2.0),
    "AIFF": (encoded(tone(32_000), "aiff", "pcm_s16be"), 2.0),
    "CAF": (encoded(tone(32_000), "caf", "pcm_s16be"), 2.0),
    "ALAC in MOV": (encoded(tone(32_000), "mov", "alac"), 2.0),
}


@pytest.mark.parametrize("name", TAKEN)
def test_odd_input_gives_what_is_there(name: str, tmp_path: Path) -> None:
    data, seconds = TAKEN[name]
    note = made_of(data, tmp_path)
    assert verify(note.path.read_bytes())
    assert note.samples / 16_000 == pytest.approx(seconds, abs=0.1)


def test_a_film_without_sound_has_no_audio_track(tmp_path: Path) -> None:
    with pytest.raises(VoiceError) as caught:
        made_of(silent_film(), tmp_path)
    assert caught.value.code == "no_audio_track"


def test_a_file_over_the_limit_is_too_large(tmp_path: Path) -> None:
    with pytest.raises(VoiceError) as caught:
        made_of(wav(tone(16_000)), tmp_path, Limits(input_bytes=1_000))
    assert caught.value.code == "too_large"


def test_a_stated_length_over_the_limit_is_too_long_at_once(tmp_path: Path) -> None:
    with pytest.raises(VoiceError) as caught:
        made_of((AUDIO / "greeting.flac").read_bytes(), tmp_path, Limits(note_seconds=5))
    assert caught.value.code == "too_long"


def test_a_flac_bomb_that_hides_its_length_is_too_long_when_it_gets_there(tmp_path: Path) -> None:
    bomb = silent_flac(120)
    assert len(bomb) < 40_000
    with pytest.raises(VoiceError) as caught:
        made_of(bomb, tmp_path, Limits(note_seconds=20))
    assert caught.value.code == "too_long"


def test_nothing_named_in_the_input_is_opened(tmp_path: Path) -> None:
    sound = tmp_path / "secret.wav"
    sound.write_bytes(wav(tone(32_000)))
    concat = b"ffconcat version 1.0\nfile '" + os.fsencode(sound) + b"'\n"
    with pytest.raises(VoiceError) as caught:
        made_of(concat, tmp_path)
    assert caught.value.code == "not_audio"
