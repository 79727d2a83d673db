import json
from pathlib import Path

import pytest
from tests.unit.voice.files import AUDIO
from typer.testing import CliRunner

from waypost.cli.voice import app, draw
from waypost.voice.verify import verify

runner = CliRunner()


def test_convert_makes_a_note_that_inspect_finds_native(tmp_path: Path) -> None:
    target = tmp_path / "note.ogg"
    made = runner.invoke(app, ["convert", str(AUDIO / "greeting.mp3"), str(target), "--json"])
    assert made.exit_code == 0
    facts = json.loads(made.stdout)
    assert facts["seconds"] == 7
    assert not facts["passthrough"]
    profile = verify(target.read_bytes())
    found = runner.invoke(app, ["inspect", str(target), "--json"])
    assert found.exit_code == 0
    assert json.loads(found.stdout)["packets"] == profile.packets
    assert len(json.loads(found.stdout)["waveform"]) == 64


def test_the_table_shows_the_profile_and_draws_the_waveform(tmp_path: Path) -> None:
    target = tmp_path / "note.ogg"
    assert "converted" in runner.invoke(app, ["convert", str(AUDIO / "greeting.mp3"), str(target)]).stdout
    shown = runner.invoke(app, ["inspect", str(target)])
    assert shown.exit_code == 0
    for word in ("profile", "packets", "bitrate", "seconds", "waveform", "█"):
        assert word in shown.stdout


@pytest.mark.parametrize("name", ["greeting.stereo48k.opus.ogg", "greeting.mp3", "README.md"])
def test_inspect_says_why_a_file_is_not_native(name: str) -> None:
    found = runner.invoke(app, ["inspect", str(AUDIO / name)])
    assert found.exit_code == 1
    assert "Found:" in found.stderr
    as_json = runner.invoke(app, ["inspect", str(AUDIO / name), "--json"])
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["reason"]


def test_convert_says_why_a_file_is_refused(tmp_path: Path) -> None:
    refused = runner.invoke(app, ["convert", str(AUDIO / "README.md"), str(tmp_path / "note.ogg"), "--json"])
    assert refused.exit_code == 1
    assert json.loads(refused.stdout)["error"] == "not_audio"


def test_a_missing_file_is_a_mistake_in_usage(tmp_path: Path) -> None:
    assert runner.invoke(app, ["convert", "nowhere.mp3", str(tmp_path / "note.ogg")]).exit_code == 2
    missing = str(tmp_path / "none" / "note.ogg")
    assert runner.invoke(app, ["convert", str(AUDIO / "blip.wav"), missing]).exit_code == 2


def test_a_folder_that_can_not_be_written_is_a_mistake_in_usage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: path != tmp_path)
    made = runner.invoke(app, ["convert", str(AUDIO / "blip.wav"), str(tmp_path / "note.ogg")])
    assert made.exit_code == 2
    assert "written" in made.stderr


def test_a_level_that_is_asked_for_makes_other_bytes_and_one_that_nobody_can_reach_is_refused(
    tmp_path: Path,
) -> None:
    plain, level = tmp_path / "plain.ogg", tmp_path / "level.ogg"
    assert runner.invoke(app, ["convert", str(AUDIO / "music.mp3"), str(plain)]).exit_code == 0
    asked = ["convert", str(plain), str(level), "--json", "--normalize"]
    made = runner.invoke(app, [*asked, "-16"])
    assert made.exit_code == 0
    assert not json.loads(made.stdout)["passthrough"]
    assert runner.invoke(app, [*asked, "3"]).exit_code == 2


def test_the_waveform_is_drawn_from_blank_to_full() -> None:
    assert draw(bytes((0, 1, 50, 100))) == " ▁▄█"
