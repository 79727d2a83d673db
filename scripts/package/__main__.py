"""Builds the sdist, the wheel out of the sdist, and has each installed and tried where nothing else is.

`python -m scripts.package` resolves the dependencies anew, as `pip install waypost` does, then does the sdist
with the versions of requirements.lock; `--short` does the wheel alone, with those.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from scripts.package.build import build
from scripts.package.contents import faults
from scripts.package.trial import Trial


def main() -> None:
    """Exit code 1 with a sentence when a distribution is not fit to be given out."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--short", action="store_true")
    short = options.parse_args().short
    sdist, wheel = build(Path("dist"))
    wrong = faults(sdist, wheel)
    if wrong:
        sys.exit("\n".join(wrong))
    trials = [Trial("wheel", wheel, locked=short)]
    if not short:
        trials.append(Trial("sdist", sdist, locked=True))
    for trial in trials:
        with tempfile.TemporaryDirectory(prefix="waypost-package-") as folder:
            began = time.monotonic()
            for step in trial.steps(Path(folder)):
                print(f"{trial.name}: {step}", flush=True)
            print(f"{trial.name}: fit, {time.monotonic() - began:.0f} s", flush=True)


if __name__ == "__main__":
    main()
