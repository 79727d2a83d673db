"""A distribution, installed in an environment of its own outside of the clone, and tried there."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from scripts.package.build import ROOT

_PIN = re.compile(r"^[a-z0-9_.\-]+==[^\s\\]+(?: ; [^\\]+?)?(?= *\\?$)", re.MULTILINE | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Trial:
    """One distribution. `locked`: with the versions of requirements.lock, else the newest that its metadata
    allows."""

    name: str
    distribution: Path
    locked: bool

    def steps(self, folder: Path) -> Iterator[str]:
        """Do it in `folder`, and say what was done. Raises CalledProcessError."""
        python = folder / "venv" / "bin" / "python"
        subprocess.run([sys.executable, "-m", "venv", str(folder / "venv")], check=True)
        words = [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
        if self.locked:
            constraints = folder / "constraints.txt"
            constraints.write_text("\n".join(_PIN.findall((ROOT / "requirements.lock").read_text())))
            words += ["--constraint", str(constraints)]
        self._run([*words, str(self.distribution.absolute())], folder)
        yield f"installed {self.distribution.name}" + (", versions of the lock" if self.locked else "")
        self._run([str(python), "-m", "pip", "check", "--disable-pip-version-check"], folder)
        waypost = str(python.with_name("waypost"))
        told = self._run([waypost, "--version"], folder).strip()
        if told not in self.distribution.name:
            raise SystemExit(f"{self.distribution.name} says that it is {told}.")
        yield f"waypost --version says {told}"
        self._run([waypost, "demo", "--out", "notes"], folder)
        arrived = len(list((folder / "notes").iterdir()))
        yield f"waypost demo: {arrived} notes arrived"
        self._run([str(python), "-c", _TYPED], folder)
        yield "py.typed, the client and the testing tools are there"

    def _run(self, words: list[str], folder: Path) -> str:
        # Nothing of the clone, of the caller's Python or of a developer's settings may help.
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("WAYPOST_", "PYTHON", "VIRTUAL_ENV"))
        }
        done = subprocess.run(words, cwd=folder, env=kept, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(words)}\n{done.stdout}{done.stderr}")
        return done.stdout


_TYPED = """
import pathlib, waypost, waypost.client, waypost.testing.gateway_stage
folder = pathlib.Path(waypost.__file__).parent
assert (folder / "py.typed").exists()
assert "site-packages" in str(folder), folder
"""
