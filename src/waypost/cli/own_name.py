import shutil
import sys
from pathlib import Path


def command() -> str:
    """How this very `waypost` is called from here: by its name where the shell finds it, else by its path."""
    beside = Path(sys.executable).with_name("waypost")
    found = shutil.which("waypost")
    if not beside.exists() or (found is not None and Path(found).resolve() == beside.resolve()):
        return "waypost"
    # What is pasted after `make serve` in the clone's folder should read like the README.
    return str(beside.relative_to(Path.cwd())) if beside.is_relative_to(Path.cwd()) else str(beside)
