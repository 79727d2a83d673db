import subprocess
import sys

import pytest
from bench.cgroup import NoGroup, group

LIMIT_BYTES = 64 * 2**20


def test_a_process_of_the_group_that_takes_more_than_the_limit_is_killed_and_the_group_is_gone_after() -> (
    None
):
    try:
        with group(LIMIT_BYTES) as made:
            with made.joined():
                greedy = subprocess.Popen(
                    [sys.executable, "-c", f"x = b'x' * {2 * LIMIT_BYTES}"], stderr=subprocess.DEVNULL
                )
            assert greedy.wait() == -9
            assert made.killed() == 1
            assert made.peak_bytes() <= LIMIT_BYTES
        assert not made.folder.exists()
    except NoGroup as missing:
        pytest.skip(str(missing))


def test_what_is_started_outside_is_not_limited() -> None:
    try:
        with group(LIMIT_BYTES) as made:
            greedy = subprocess.run([sys.executable, "-c", f"x = b'x' * {2 * LIMIT_BYTES}"], check=False)
            assert greedy.returncode == 0
            assert made.killed() == 0
    except NoGroup as missing:
        pytest.skip(str(missing))
