"""Pins another version of neonize: `python -m scripts.upgrade 0.5.3`; `make interop NEONIZE=0.5.3` begins so.

It says what changed in the library's C interface, and refuses a version that our engine can't speak to; then
nothing is pinned. What changed on the wire shows in the run of tests/interop that follows.
"""

import platform
import sys
import tempfile
from pathlib import Path

from scripts.upgrade.interface import broken, changed, offer
from scripts.upgrade.pins import Pins
from scripts.upgrade.signatures import ours
from scripts.upgrade.wheels import UpgradeRefused, fetch, hashes

from waypost.engine.hosts.whatsmeow.library import library_name


def upgrade(version: str, cache: Path) -> None:
    """Pin a version everywhere, or nowhere and raise UpgradeRefused."""
    pins = Pins()
    here = library_name(platform.system(), platform.machine())
    try:
        (cache / "old").mkdir()
        (cache / "new").mkdir()
        packages = fetch(pins.locked(), cache / "old")
        old = offer(packages[here], packages)
        packages = fetch(pins.lock(version), cache / "new")
        new = offer(packages[here], packages)
        print(f"neonize {pins.version} → {version}")
        bound = ours()
        for line in changed(bound, old, new):
            print(f"  {line}")
        if breaks := broken(bound, old, new):
            raise UpgradeRefused("our engine can't work with it:\n  " + "\n  ".join(breaks))
        pins.libraries(new.version, hashes(packages))
    except BaseException:
        pins.restore()
        raise
    print(f"neonize {version} is pinned; `git diff` shows where, `git checkout` of those files goes back.")


if __name__ == "__main__":
    try:
        with tempfile.TemporaryDirectory() as cache:
            upgrade(sys.argv[1], Path(cache))
    except UpgradeRefused as error:
        sys.exit(f"neonize {sys.argv[1]} was not pinned: {error}")
