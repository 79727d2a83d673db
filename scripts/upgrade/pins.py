"""Where a version of neonize is pinned: pyproject.toml, the locks, and the hashes that the engine checks."""

import re
import subprocess
from pathlib import Path

from scripts.upgrade.wheels import ROOT, UpgradeRefused

PROJECT = Path("pyproject.toml")
LOCKS = (Path("requirements.lock"), Path("requirements-image.lock"), Path("requirements-dev.lock"))
LIBRARY = Path("src/waypost/engine/hosts/whatsmeow/library.py")


class Pins:
    """The files of a clone as they were, to be changed all or not at all."""

    def __init__(self, root: Path = ROOT) -> None:
        self.root = root
        self._before = {path: (root / path).read_text() for path in (PROJECT, *LOCKS, LIBRARY)}

    @property
    def version(self) -> str:
        """The version that was pinned before."""
        found = re.search(r'"neonize==([^"]+)"', self._before[PROJECT])
        if found is None:
            raise UpgradeRefused(f"{PROJECT} does not pin neonize")
        return found[1]

    def locked(self) -> Path:
        """The lock, as it is now."""
        return self.root / LOCKS[0]

    def restore(self) -> None:
        """Undo every change."""
        for path, text in self._before.items():
            (self.root / path).write_text(text)

    def lock(self, version: str) -> Path:
        """Pin `version` in pyproject.toml and the locks, nothing else in them. Raises UpgradeRefused."""
        self._edit(PROJECT, r'"neonize==[^"]+"', f'"neonize=={version}"')
        command: list[str | Path] = [self.root / "scripts" / "lock", "--keep"]
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UpgradeRefused(f"it does not go with the other packages; uv says:\n{done.stderr.strip()}")
        return self.locked()

    def libraries(self, version: str, hashes: dict[str, str]) -> None:
        """Pin what the engine checks before it loads: the library's own `version` and SHA-256 by file."""
        self._edit(LIBRARY, r'(?<=^PINNED_VERSION: Final = ")[^"]+', version)
        for name, hash in hashes.items():
            self._edit(LIBRARY, rf'(?<=^    "{re.escape(name)}": ")[0-9a-f]{{64}}', hash)

    def _edit(self, path: Path, pattern: str, text: str) -> None:
        before = (self.root / path).read_text()
        after, count = re.subn(pattern, lambda _: text, before, flags=re.MULTILINE)
        if count != 1:
            raise UpgradeRefused(f"{path} has {count} places for {pattern}, not one")
        (self.root / path).write_text(after)
