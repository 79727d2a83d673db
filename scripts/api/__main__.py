"""Writes what is made from the operations: the typed part of `waypost.client`, and docs/api.md."""

import subprocess
import sys
from pathlib import Path

from scripts.api.client import modules
from scripts.api.endpoints import endpoints
from scripts.api.page import page

ROOT = Path(__file__).parents[2]


def formatted(source: str) -> str:
    """Source as ruff writes it."""
    for words in (["check", "--fix-only", "--quiet", "--select", "I"], ["format", "--quiet"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *words, "--stdin-filename", "src/waypost/client/made.py", "-"],
            input=source,
            capture_output=True,
            text=True,
            cwd=ROOT,
            check=True,
        )
        source = done.stdout
    return source


def files() -> dict[Path, str]:
    """What each file has to hold."""
    client, found = ROOT / "src" / "waypost" / "client", endpoints()
    made = {client / f"{name}.py": formatted(text) for name, text in modules(found).items()}
    return made | {ROOT / "docs" / "api.md": page(found)}


if __name__ == "__main__":
    for path, text in files().items():
        path.write_text(text)
