"""What doctor says of disk, port, clock, library and settings."""

import errno
import json
import os
import shutil
import socket
from collections import namedtuple
from pathlib import Path

import pytest
from typer.testing import CliRunner

from waypost.cli.doctor import command, disk, engine
from waypost.cli.doctor.clock import clock
from waypost.cli.doctor.listening import listening
from waypost.config import Settings
from waypost.engine.hosts.whatsmeow.library import PINNED_HASHES, PINNED_VERSION
from waypost.storage.folder_lock import locked
from waypost.testing.processes import free_port

Usage = namedtuple("Usage", "total used free")


def states(checks: object) -> dict[str, str]:
    return {check.name: check.state for check in checks}  # type: ignore[attr-defined]


def test_a_folder_that_is_there_is_written_synced_and_measured(tmp_path: Path) -> None:
    tmp_path.chmod(0o700)
    found = disk.disk(tmp_path)
    assert [check.name for check in found] == ["data folder", "disk, fsync", "disk, free space"]
    assert states(found)["data folder"] == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    found = disk.disk(tmp_path / "far" / "away")
    assert states(found)["data folder"] == "ok"
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_others_can_look_into_is_told(tmp_path: Path) -> None:
    tmp_path.chmod(0o755)
    assert states(disk.disk(tmp_path))["data folder"] == "warning"


def test_a_folder_that_can_not_be_written_fails() -> None:
    found = disk.disk(Path("/proc/waypost"))
    assert states(found)["data folder"] == "failed"


@pytest.mark.parametrize(("number", "mend"), [(errno.ENOSPC, "Make room"), (errno.EROFS, "mount it")])
def test_a_folder_that_no_right_would_help_says_what_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, number: int, mend: str
) -> None:
    def refused(_: int) -> None:
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", refused)
    (folder, *_) = disk.disk(tmp_path)
    assert (folder.state, mend in folder.mend) == ("failed", True)


@pytest.mark.parametrize(("free", "state"), [(5e9, "ok"), (5e8, "warning"), (5e7, "failed")])
def test_room_is_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, state: str) -> None:
    monkeypatch.setattr(shutil, "disk_usage", lambda _: Usage(10**12, 0, int(free)))
    assert states(disk.disk(tmp_path))["disk, free space"] == state


@pytest.mark.parametrize(
    ("ahead", "uncertain", "state"),
    [(0.0, 0.1, "ok"), (-4.0, 0.0, "ok"), (8.0, 5.0, "ok"), (60.0, 0.5, "warning"), (-7200.0, 0.5, "failed")],
)
def test_a_clock_is_judged_by_what_is_certain(ahead: float, uncertain: float, state: str) -> None:
    assert clock("a server", ahead, uncertain).state == state


def test_a_free_port_is_well_and_is_free_afterwards(tmp_path: Path) -> None:
    settings = Settings(data=tmp_path, port=free_port())
    assert states(listening(settings)) == {"port": "ok"}
    socket.create_server((settings.host, settings.port)).close()


def test_a_port_where_something_else_listens_fails(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = Settings(data=tmp_path, port=other.getsockname()[1])
        (check,) = listening(settings)
    assert (check.state, "WAYPOST_PORT" in check.mend) == ("failed", True)


def test_a_gateway_that_runs_on_another_port_is_told(tmp_path: Path) -> None:
    with locked(tmp_path):
        (check,) = listening(Settings(data=tmp_path, port=free_port()))
    assert (check.state, str(os.getpid()) in check.found) == ("warning", True)


def test_the_pinned_library_is_loaded() -> None:
    check = engine.library()
    assert check.state == "ok", check.found


def test_a_library_that_is_not_the_pinned_one_is_named_with_what_to_install(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(engine, "PINNED_HASHES", dict.fromkeys(PINNED_HASHES, "0" * 64))
    check = engine.library()
    assert (check.state, "not the pinned file" in check.found) == ("failed", True)
    assert f"neonize=={PINNED_VERSION}" in check.mend


def test_settings_that_can_not_be_used_fail_with_a_sentence_each() -> None:
    environ = {"WAYPOST_PORT": "many", "WAYPOST_BLOBS_URL": "ftp://x"}
    found = list(command.checks(environ, {}, None))
    assert [check.state for check in found] == ["failed", "failed"]
    assert "WAYPOST_PORT" in found[0].found


def test_the_command_tells_programs_and_ends_with_1_when_something_failed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {
        "WAYPOST_NETWORK": "sandbox",
        "WAYPOST_PORT": "0",
        "WAYPOST_SANDBOX_URL": f"http://127.0.0.1:{free_port()}",
        "WAYPOST_PROT": "1",
    }.items():
        monkeypatch.setenv(name, value)
    told = CliRunner().invoke(command.app, ["--data", str(tmp_path / "new"), "--json"])
    answer = json.loads(told.stdout)
    assert (told.exit_code, answer["ok"]) == (1, False)
    found = {check["name"]: check for check in answer["checks"]}
    assert found["settings"]["state"] == "warning"
    assert "WAYPOST_PORT?" in found["settings"]["found"]
    assert found["sandbox"]["state"] == "failed"
    assert "waypost sandbox serve" in found["sandbox"]["mend"]
    assert not (tmp_path / "new").exists()
