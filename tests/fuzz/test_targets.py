"""Every target's promise over its seeds, the inputs that once broke it, and some changed seeds; `make fuzz`
goes on from there."""

import random
import subprocess
import sys
from pathlib import Path

import pytest
from fuzz.target import kept, load, mutated, names

ROOT = Path(__file__).parents[2]
# One replaces a package in its process, the other keeps a sandbox running in its own.
ALONE = ("engine_events", "sandbox_stanzas")
# Half a second's worth, as a number: a slow machine tries the same inputs.
_SHARE = 0.5


def tried(name: str) -> int:
    """Try all of them, and say how many."""
    target, chance = load(name), random.Random(name)
    sound = [b"", *target.seeds(), *kept(name).values()]
    changed = [mutated(sound, chance, target.longest) for _ in range(int(target.rate * _SHARE))]
    for data in sound + changed:
        try:
            target.check(data)
        except BaseException as error:
            error.add_note(f"{name}: {data!r}")
            raise
    return len(sound) + len(changed)


@pytest.mark.parametrize("name", names())
def test_a_promise_holds_for_seeds_found_inputs_and_changed_seeds(name: str) -> None:
    if name not in ALONE:
        assert tried(name)
        return
    program = f"from test_targets import tried; print(tried({name!r}))"
    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PYTHONPATH": f"{ROOT}:{Path(__file__).parent}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert int(done.stdout) > 0
