from pathlib import Path
from typing import Final

VERSIONS: Final = Path(__file__).parent / "versions"


def head() -> str:
    """The newest revision, of both databases: the name of the last file in `versions`."""
    return max(path.stem for path in VERSIONS.glob("[0-9]*.py"))
