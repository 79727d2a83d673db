import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from waypost.cli.main import app
from waypost.storage.sqlite.database import opened


@pytest.fixture(autouse=True)
def plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("WAYPOST_DATABASE_URL", "WAYPOST_BLOBS_URL", "WAYPOST_DATA"):
        monkeypatch.delenv(name, raising=False)


async def made(data: Path) -> None:
    async with opened(data / "waypost.db"):
        pass


async def test_a_data_folder_goes_into_a_file_and_comes_out_of_it(tmp_path: Path) -> None:
    await made(tmp_path / "old")
    file = str(tmp_path / "backup")
    told = CliRunner().invoke(app, ["backup", file, "--data", str(tmp_path / "old")])
    assert told.exit_code == 0, told.output
    assert "0 requests" in told.output
    again = str(tmp_path / "again")
    told = CliRunner().invoke(app, ["backup", again, "--data", str(tmp_path / "old"), "--json"])
    assert json.loads(told.output)["requests"] == 0
    told = CliRunner().invoke(app, ["restore", again, "--data", str(tmp_path / "newer"), "--json"])
    assert json.loads(told.output)["held_back"] == 0
    told = CliRunner().invoke(app, ["restore", file, "--data", str(tmp_path / "new")])
    assert told.exit_code == 0, told.output
    assert "pair each account anew" in told.output
    assert (tmp_path / "new" / "waypost.db").exists()


def test_what_can_not_be_backed_up_says_why(tmp_path: Path) -> None:
    told = CliRunner().invoke(app, ["backup", str(tmp_path / "backup"), "--data", str(tmp_path / "none")])
    assert told.exit_code == 1
    assert "holds no database" in told.output


def test_on_postgresql_it_names_what_does_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WAYPOST_DATABASE_URL", "postgresql://somebody:secret@nowhere/waypost")
    told = CliRunner().invoke(app, ["backup", str(tmp_path / "backup")])
    assert told.exit_code == 2
    assert "pg_dump" in told.output
    assert "secret" not in told.output
