"""scripts/bootstrap where things are missing: `python3` is a stand-in that notes what it is asked."""

import os
import signal
import subprocess
import time
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]

# Answers like a Python of $VERSION. ENSUREPIP, PIP and FAIL say what the machine has and what goes wrong.
PYTHON = """#!/bin/sh
echo "$*" >> "$NOTES"
case "$*" in
"-c import sys; sys.exit"*) [ "$VERSION" -ge 11 ] ;;
"-c import sysconfig"*) echo "$PACKAGES" ;;
"-m venv --without-pip "*) mkdir -p "$4/bin" && cp "$0" "$4/bin/python" ;;
"-m venv "*)
    mkdir -p "$3/bin"
    [ "$ENSUREPIP" = yes ] && cp "$0" "$3/bin/python" && touch "$3/own-pip" ;;
*" --target "*) touch .venv/own-pip ;;
"-m pip --python "*) [ "$PIP" = new ] && case "$*" in *install*) [ "$FAIL" != yes ] ;; esac ;;
"-m pip --version")
    case $0 in .venv/*) [ -e .venv/own-pip ] ;; *) [ "$PIP" != none ] ;; esac ;;
"-m pip install"*)
    [ "$HANG" = yes ] && touch hanging && exec sleep 60
    [ "$FAIL" = yes ] && echo "pip says why" && exit 1
    exit 0 ;;
*) exit 1 ;;
esac
"""


class Machine:
    """A clone in a folder whose name has a space, and the stand-in first in PATH."""

    def __init__(self, folder: Path) -> None:
        self.clone = folder / "a clone"
        self.notes = folder / "notes"
        (folder / "bin").mkdir()
        (self.clone / "scripts").mkdir(parents=True)
        (folder / "bin" / "python3").write_text(PYTHON)
        (folder / "bin" / "python3").chmod(0o755)
        script = self.clone / "scripts" / "bootstrap"
        # The places where a real Python may lie are none of this machine's.
        text = (ROOT / "scripts" / "bootstrap").read_text()
        script.write_text(
            text.replace("in /usr/bin/python3 /usr/local/bin", f"in {folder}/no-python {folder}")
        )
        script.chmod(0o755)
        for name in (
            "requirements.lock",
            "requirements-dev.lock",
            "requirements-sound.lock",
            "pyproject.toml",
        ):
            (self.clone / name).write_text(name)
        self.tools = folder / "tools"
        self.tools.mkdir()
        for name in ("sh", "cat", "cksum", "dirname", "rm", "mkdir", "cp", "touch", "sleep"):
            source = next(Path(each) / name for each in ("/bin", "/usr/bin") if (Path(each) / name).exists())
            (self.tools / name).symlink_to(source)
        self.environment = {
            "PATH": f"{folder / 'bin'}:{self.tools}",
            "NOTES": str(self.notes),
            "PACKAGES": "packages",
            "HOME": str(folder),
            "VERSION": "11",
            "ENSUREPIP": "yes",
            "PIP": "new",
        }

    def start(self, kind: str, **changes: str) -> subprocess.Popen[str]:
        self.notes.write_text("")
        return subprocess.Popen(
            [self.clone / "scripts" / "bootstrap", kind],
            env=self.environment | changes,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            start_new_session=True,
        )

    def run(self, kind: str = "run", **changes: str) -> tuple[int, str, list[str]]:
        """Exit code, what was said, and what Python was asked to install or make."""
        process = self.start(kind, **changes)
        said, _ = process.communicate(timeout=30)
        asked = [line for line in self.notes.read_text().splitlines() if "install" in line or "venv " in line]
        return process.returncode, said, asked


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_fresh_clone_gets_the_lock_with_hashes_and_then_itself(machine: Machine) -> None:
    code, said, asked = machine.run()
    assert code == 0, said
    assert asked[0] == "-m venv .venv"
    assert "--require-hashes" in asked[1]
    assert asked[1].endswith("-r requirements.lock")
    assert "--no-deps --no-index --no-build-isolation --editable ." in asked[2]
    assert len(asked) == 3


def test_a_second_run_asks_nothing(machine: Machine) -> None:
    machine.run()
    assert machine.run() == (0, "", [])


def test_the_tools_for_tests_contain_what_the_gateway_needs(machine: Machine) -> None:
    machine.run("dev")
    assert machine.run("run") == (0, "", [])


def test_tests_after_a_demo_install_into_the_same_venv(machine: Machine) -> None:
    machine.run("run")
    _, _, asked = machine.run("dev")
    assert asked[0].endswith("-r requirements-dev.lock")
    assert asked[1].endswith("--no-deps --require-hashes --only-binary :all: -r requirements-sound.lock")


def test_a_changed_lock_installs_again_without_a_new_venv(machine: Machine) -> None:
    machine.run()
    (machine.clone / "requirements.lock").write_text("newer")
    code, _, asked = machine.run()
    assert code == 0
    assert not [line for line in asked if "venv " in line]
    assert asked[0].endswith("-r requirements.lock")


def test_without_ensurepip_the_system_s_pip_installs_into_the_venv(machine: Machine) -> None:
    code, said, asked = machine.run(ENSUREPIP="no")
    assert code == 0, said
    assert "-m venv --without-pip .venv" in asked
    assert [line for line in asked if line.startswith("-m pip --python .venv/bin/python install")]


def test_an_old_pip_brings_a_new_one_into_the_venv(machine: Machine) -> None:
    code, said, asked = machine.run(ENSUREPIP="no", PIP="old")
    assert code == 0, said
    assert "-m pip install --quiet --target packages pip" in asked
    assert [line for line in asked if line.endswith("-r requirements.lock")]


def test_without_any_pip_it_says_how_to_get_one(machine: Machine) -> None:
    code, said, _ = machine.run(ENSUREPIP="no", PIP="none")
    assert code != 0
    assert "apt install python3-pip" in said


def test_an_old_python_alone_is_told_in_plain_words(machine: Machine) -> None:
    code, said, asked = machine.run(VERSION="10")
    assert code != 0
    assert "needs Python 3.11 or newer" in said
    assert asked == []


def test_a_newer_python_is_found_by_its_name(machine: Machine, tmp_path: Path) -> None:
    newer = tmp_path / "bin" / "python3.12"
    newer.write_text(PYTHON.replace('"$VERSION"', "12"))
    newer.chmod(0o755)
    code, said, _ = machine.run(VERSION="10")
    assert code == 0, said
    assert (machine.clone / ".venv" / ".base").read_text().strip() == str(newer)


def test_a_failed_installation_shows_why_and_the_next_run_begins_anew(machine: Machine) -> None:
    code, said, _ = machine.run(FAIL="yes")
    assert code != 0
    assert "pip says why" in said
    assert "PIP_INDEX_URL" in said
    code, _, asked = machine.run()
    assert code == 0
    assert asked[0] == "-m venv .venv"


def test_a_killed_run_is_made_good_by_the_next(machine: Machine) -> None:
    process = machine.start("run", HANG="yes")
    deadline = time.monotonic() + 20
    while not (machine.clone / "hanging").exists():
        assert time.monotonic() < deadline, "it never came to installing"
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGKILL)
    process.communicate(timeout=10)
    code, _, asked = machine.run()
    assert code == 0
    assert asked[0] == "-m venv .venv"


def test_a_moved_clone_begins_anew(machine: Machine) -> None:
    machine.run()
    machine.clone = machine.clone.rename(machine.clone.with_name("elsewhere"))
    _, _, asked = machine.run()
    assert asked[0] == "-m venv .venv"


def test_a_kind_that_is_none_is_refused(machine: Machine) -> None:
    code, said, _ = machine.run("everything")
    assert code == 2
    assert "usage" in said
