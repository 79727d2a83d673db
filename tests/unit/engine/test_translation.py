"""What needs the library's protobufs, in processes of their own, since `neonize` is replaced there."""

import subprocess
import sys
from pathlib import Path

import pytest


@pytest.mark.parametrize(
    ("program", "count"),
    [
        ("translation_cases.py", 17),
        ("pairing_cases.py", 6),
        ("client_cases.py", 6),
        ("shortfall_cases.py", 4),
    ],
)
def test_cases_with_the_librarys_protobufs(program: str, count: int) -> None:
    path = Path(__file__).with_name(program)
    done = subprocess.run(
        [sys.executable, str(path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines()[-1] == f"{count} cases"
