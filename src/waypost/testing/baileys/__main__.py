"""`python -m waypost.testing.baileys FOLDER [VERSION]`: bring Baileys into a folder; pin VERSION first.

Exit code 3: there is no Node to do it with.
"""

import asyncio
import sys
from pathlib import Path

from waypost.testing.baileys.install import Baileys, BaileysMissing, NodeMissing, install, pin

_NO_NODE = 3


async def _bring(cache: Path, version: str = "") -> Baileys:
    if version:
        await pin(cache, version)
    return await install(cache)


def main() -> int:
    """Install, and say which versions they are."""
    try:
        found = asyncio.run(_bring(Path(sys.argv[1]), *sys.argv[2:3]))
    except BaileysMissing as missing:
        sys.stderr.write(f"{missing}\n")
        return _NO_NODE if isinstance(missing, NodeMissing) else 1
    sys.stdout.write(f"Baileys {found.version} on Node {found.node.version}\n")
    return 0


sys.exit(main())
