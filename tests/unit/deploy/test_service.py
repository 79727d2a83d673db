"""The systemd unit: what it must allow, and what it must not."""

import os
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from waypost.config import Settings, load

UNIT = Path(__file__).parents[3] / "deploy" / "systemd" / "waypost.service"


def directives() -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name, value in re.findall(r"^(\w+)=(.*)$", UNIT.read_text(), re.MULTILINE):
        found.setdefault(name, []).append(value)
    return found


def test_what_it_sets_is_a_setting_and_data_lies_where_it_may_write() -> None:
    (given,) = directives()["Environment"]
    settings = load(dict([given.split("=", 1)]))
    assert str(settings.data) == f"/var/lib/{directives()['StateDirectory'][0]}"
    assert directives()["ProtectSystem"] == ["strict"]


def test_sends_that_are_under_way_can_end_and_it_comes_back() -> None:
    assert float(directives()["TimeoutStopSec"][0]) >= 2 * Settings().drain_seconds
    assert (directives()["KillMode"], directives()["Restart"]) == (["mixed"], ["always"])


def test_converters_may_leave_for_a_network_of_their_own() -> None:
    # waypost.workers.confine: CLONE_NEWUSER and CLONE_NEWNET.
    assert set(directives()["RestrictNamespaces"][0].split()) == {"user", "net"}
    assert directives()["CapabilityBoundingSet"] == [""]
    assert directives()["NoNewPrivileges"] == ["yes"]


def test_calls_from_the_engine_s_library_may_be_made() -> None:
    assert "MemoryDenyWriteExecute" not in directives()


def test_systemd_itself_takes_the_unit(tmp_path: Path) -> None:
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not there to judge it")
    # It wants the program to be there, and the user.
    program = tmp_path / "waypost"
    program.write_text("#!/bin/sh\n")
    program.chmod(0o755)
    copy = tmp_path / UNIT.name
    copy.write_text(UNIT.read_text().replace("/opt/waypost/bin/waypost", str(program)))
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(copy)],
        capture_output=True,
        text=True,
        timeout=60,
        env={**os.environ, "SYSTEMD_LOG_LEVEL": "warning"},
    )
    ours = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert (done.returncode, ours) == (0, [])
