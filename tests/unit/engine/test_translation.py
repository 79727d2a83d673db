"""The library's protobufs to the port's types and back; in a process of its own, since `neonize` is replaced
there."""

import subprocess
import sys
from pathlib import Path

CASES = Path(__file__).with_name("translation_cases.py")


def test_events_and_orders_are_translated() -> None:
    done = subprocess.run(
        [sys.executable, str(CASES)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["11", "cases"]
