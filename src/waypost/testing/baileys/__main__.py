"""`python -m waypost.testing.baileys FOLDER`: bring Baileys into a folder. Exit code 3: no Node."""

import asyncio
import sys
from pathlib import Path

from waypost.testing.baileys.install import BaileysMissing, NodeMissing, install

_NO_NODE = 3


def main() -> int:
    """Install, and say which versions they are."""
    try:
        found = asyncio.run(install(Path(sys.argv[1])))
    except BaileysMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return _NO_NODE if isinstance(missing, NodeMissing) else 1
    sys.stdout.write(f"Baileys {found.version} on Node {found.node.version}\n")
    return 0


sys.exit(main())
