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
        print(missing, file=sys.stderr)
        return _NO_NODE if isinstance(missing, NodeMissing) else 1
    print(f"Baileys {found.version} on Node {found.node.version}")
    return 0


sys.exit(main())
