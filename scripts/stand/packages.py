"""What is installed in the machine: the wheel of the clone, one that calls itself a later release, and all
that they lean on."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

from scripts.package.build import ROOT, build
from scripts.stand.disk import PYTHON

NEXT = "99.0.0"
_SOURCE = ("src", "pyproject.toml", "README.md", "CHANGELOG.md", "LICENSE", "NOTICE")


def make(folder: Path) -> tuple[Path, Path, Path]:
    """The folder of wheels that are needed, the wheel, and that of the next release. Raises
    CalledProcessError."""
    needed = folder / "wheels"
    lock = ROOT / "requirements.lock"
    words = ["download", "--quiet", "--require-hashes", "--only-binary", ":all:", "--python-version", PYTHON]
    subprocess.run(["python3", "-m", "pip", *words, "-r", str(lock), "-d", str(needed)], check=True)
    _, wheel = build(folder / "dist")
    return needed, wheel, _next(folder)


def _next(folder: Path) -> Path:
    clone = folder / "next"
    shutil.rmtree(clone, ignore_errors=True)
    for name in _SOURCE:
        copy = shutil.copytree if (ROOT / name).is_dir() else shutil.copy
        clone.mkdir(exist_ok=True)
        copy(ROOT / name, clone / name)
    package = clone / "src" / "waypost" / "__init__.py"
    package.write_text(re.sub(r"(?m)^__version__ = .*", f'__version__ = "{NEXT}"', package.read_text()))
    words = ["-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder / "dist")]
    subprocess.run([sys.executable, *words], cwd=clone, check=True, stdout=subprocess.DEVNULL)
    return folder / "dist" / f"waypost-{NEXT}-py3-none-any.whl"
