"""Notes before the eyes of Xiph's own tools (Debian's opus-tools): what we make or pass on, they take without
a warning and decode to as many samples as the pages say."""

import io
import shutil
import subprocess
import wave
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.unit.voice.files import AUDIO, tone, wav
from tests.unit.voice.test_convert import made_of

from waypost.voice import opus
from waypost.voice.ogg import PageWriter, read_pages, split_body
from waypost.voice.verify import NoteProfile, verify

pytestmark = pytest.mark.skipif(
    not (shutil.which("opusinfo") and shutil.which("opusdec")),
    reason="opusinfo and opusdec are not here; Debian and Ubuntu have them as opus-tools",
)

FILES = sorted(path for path in AUDIO.iterdir() if path.suffix != ".md")


def run(*words: str) -> str:
    """What a tool says, on both of its outputs."""
    done = subprocess.run(words, capture_output=True, text=True, timeout=60, check=False)
    said = done.stdout + done.stderr
    assert done.returncode == 0, said
    return said


def judged(note: bytes, folder: Path) -> NoteProfile:
    """Show a note to both tools."""
    profile = verify(note)
    path, decoded = folder / "judged.ogg", folder / "judged.wav"
    path.write_bytes(note)
    said = run("opusinfo", str(path))
    assert "WARNING" not in said.upper(), said
    assert f"Pre-skip: {profile.pre_skip}" in said, said
    run("opusdec", "--quiet", "--rate", "48000", "--no-dither", str(path), str(decoded))
    with wave.open(str(decoded)) as sound:
        assert (sound.getnchannels(), sound.getframerate()) == (1, 48_000)
        assert sound.getnframes() == profile.granules - profile.pre_skip
    return profile


@pytest.mark.parametrize("path", FILES, ids=[path.name for path in FILES])
def test_a_note_of_any_recording_is_taken_without_a_warning(path: Path, tmp_path: Path) -> None:
    note = made_of(path.read_bytes(), tmp_path)
    profile = judged(note.path.read_bytes(), tmp_path)
    # The last sample at 16 kHz is three at 48.
    assert profile.granules - profile.pre_skip == pytest.approx(note.samples * 3, abs=3)


@pytest.mark.parametrize("samples", [1, 100, 959, 960, 961, 2879, 2880, 2881, 16_000, 48_000])
def test_a_note_of_any_length_decodes_to_its_own_number_of_samples(samples: int, tmp_path: Path) -> None:
    note = made_of(wav(tone(samples)), tmp_path)
    profile = judged(note.path.read_bytes(), tmp_path)
    assert (note.samples, profile.granules - profile.pre_skip) == (samples, 3 * samples)


@dataclass(frozen=True)
class Packets:
    """The packets of a note; not shown when an example fails."""

    all: list[bytes] = field(repr=False)


@pytest.fixture(scope="module")
def packets(tmp_path_factory: pytest.TempPathFactory) -> Packets:
    """Those of a note of ours."""
    note = made_of(wav(tone(48_000)), tmp_path_factory.mktemp("packets")).path.read_bytes()
    pages = list(read_pages(io.BytesIO(note)))[2:]
    return Packets([packet for page in pages for packet in split_body(page)[0]])


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=40)
@given(
    count=st.integers(2, 50),
    per_page=st.integers(1, 60),
    serial=st.integers(0, 2**32 - 1),
    pre_skip=st.integers(120, 3840),
    cut=st.integers(0, 2879),
)
def test_what_the_verifier_lets_pass_unchanged_is_taken_too(
    packets: Packets, tmp_path: Path, count: int, per_page: int, serial: int, pre_skip: int, cut: int
) -> None:
    sink = io.BytesIO()
    writer = PageWriter(sink, serial, per_page)
    writer.header(opus.head(pre_skip, 16_000))
    writer.header(opus.tags())
    for packet in packets.all[:count]:
        writer.packet(packet, 2880)
    writer.finish(min(count, len(packets.all)) * 2880 - cut)
    judged(sink.getvalue(), tmp_path)
