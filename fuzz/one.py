"""One target in this process: `python -m fuzz.one NAME [FILE]`, with libFuzzer's own options.

With a FILE it is tried once, which repeats a finding. Coverage leads the search where atheris is installed;
where it is not (there are wheels for Linux on x86-64), seeds are changed blindly, with the same options.
"""

import importlib.util
import random
import sys
import time
import traceback
from pathlib import Path

OURS = ["waypost", "httpx", "multipart"]
"""What is instrumented: our code, and the parsers in Python that it leaves bytes to."""


def with_coverage(name: str, options: list[str]) -> None:
    """Search with libFuzzer; it ends this process."""
    import atheris

    with atheris.instrument_imports(include=OURS):
        from fuzz.target import load

        target = load(name)
    atheris.Setup([sys.argv[0], *options], target.check)
    atheris.Fuzz()


def blindly(name: str, options: list[str]) -> int:
    """Search without coverage; 77, as libFuzzer, when the promise was broken."""
    from fuzz.target import load, mutated

    target = load(name)
    told = dict(option[1:].split("=", 1) for option in options if option.startswith("-"))
    places = [Path(option) for option in options if not option.startswith("-")]
    if places and places[0].is_file():
        target.check(places[0].read_bytes())
        return 0
    seeds = [*target.seeds(), *(path.read_bytes() for place in places for path in place.iterdir())]
    chance, runs = random.Random(), 0
    end = time.monotonic() + float(told.get("max_total_time", 60))
    while time.monotonic() < end:
        data, runs = mutated(seeds, chance, target.longest), runs + 1
        try:
            target.check(data)
        except Exception:
            found = Path(told.get("artifact_prefix", "./") + f"crash-{runs}")
            found.write_bytes(data)
            traceback.print_exc()
            print(f"Test unit written to {found}", file=sys.stderr)
            return 77
    print(f"stat::number_of_executed_units: {runs}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    if importlib.util.find_spec("atheris") is None:
        sys.exit(blindly(sys.argv[1], sys.argv[2:]))
    with_coverage(sys.argv[1], sys.argv[2:])
