"""What is made from the list of operations is as the list is."""

import subprocess
import sys
from pathlib import Path

from scripts.api.__main__ import files

ROOT = Path(__file__).parents[2]


def test_what_is_made_of_the_operations_is_as_they_are() -> None:
    stale = [
        path.relative_to(ROOT).as_posix()
        for path, text in files().items()
        if not path.is_file() or path.read_text() != text
    ]
    assert not stale, f"run: .venv/bin/python -m scripts.api ({', '.join(stale)})"


def test_the_client_loads_nothing_of_the_gateway() -> None:
    found = subprocess.run(
        [sys.executable, "-c", "import sys, waypost.client; print(*sys.modules)"],
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert not {"av", "litestar", "uvicorn", "neonize", "psycopg", "phonenumbers"} & set(found)
    ours = {name.split(".")[1] for name in found if name.startswith("waypost.")}
    assert ours == {"client"}
