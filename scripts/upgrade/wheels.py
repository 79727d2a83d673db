"""The wheels of one version of neonize for every system that the gateway runs on, as the lock knows them."""

import hashlib
import importlib.util
import re
import subprocess
import sys
import zipfile
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).parents[2]
LIBRARIES: Final = {
    "neonize-linux-amd64.so": ("manylinux2014_x86_64", "manylinux_2_28_x86_64", "manylinux_2_34_x86_64"),
    "neonize-linux-arm64.so": ("manylinux2014_aarch64", "manylinux_2_28_aarch64", "manylinux_2_34_aarch64"),
    "neonize-darwin-arm64.dylib": ("macosx_15_0_arm64",),  # pip counts older ones in
    "neonize-darwin-amd64.dylib": ("macosx_15_0_x86_64",),
}
"""The library file in a wheel to the tags that its wheel may carry."""

_FETCH_WITHIN_S: Final = 300.0


class UpgradeRefused(Exception):
    """This version can't be pinned; the message says why."""


def fetch(lock: Path, cache: Path) -> dict[str, Path]:
    """Download the wheel of each system, its hash checked against `lock`, and unpack it below `cache`.

    Gives the folder of the `neonize` package by library file. Raises UpgradeRefused.
    """
    wanted = cache / "wanted.txt"
    wanted.write_text(_entry(lock.read_text()))
    return {library: _unpacked(library, tags, wanted, cache) for library, tags in LIBRARIES.items()}


def hashes(packages: dict[str, Path]) -> dict[str, str]:
    """SHA-256 of each library file."""
    return {
        name: hashlib.sha256((folder / name).read_bytes()).hexdigest() for name, folder in packages.items()
    }


def _entry(lock: str) -> str:
    """What a lock says of neonize: the version and the hashes of its files."""
    found = re.search(r"^neonize==.*?(?=^\S|\Z)", lock, re.MULTILINE | re.DOTALL)
    if found is None:
        raise UpgradeRefused("the lock does not name neonize")
    return found[0]


def _unpacked(library: str, tags: tuple[str, ...], wanted: Path, cache: Path) -> Path:
    folder = cache / library.split(".")[0]
    platforms = [part for tag in tags for part in ("--platform", tag)]
    arguments = ("--no-deps", "--only-binary", ":all:", "--require-hashes", "--python-version", "3.11")
    command: list[str | Path] = [
        *_pip(),
        "download",
        "--quiet",
        *arguments,
        *platforms,
        "--dest",
        folder,
        "-r",
        wanted,
    ]
    done = subprocess.run(command, capture_output=True, text=True, timeout=_FETCH_WITHIN_S, check=False)
    if done.returncode != 0:
        raise UpgradeRefused(f"there is no wheel with {library}; pip says:\n{done.stderr.strip()[-1000:]}")
    (wheel,) = folder.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder)
    wheel.unlink()
    if not (folder / "neonize" / library).exists():
        raise UpgradeRefused(f"{wheel.name} holds no {library}")
    return folder / "neonize"


def _pip() -> list[str]:
    """A venv that was made without pip is served by the Python that made it."""
    if importlib.util.find_spec("pip") is not None:
        return [sys.executable, "-m", "pip"]
    return [(ROOT / ".venv" / ".base").read_text().strip(), "-m", "pip"]
