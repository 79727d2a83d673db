"""Files of this machine that may be sent: a model names a path, and a person has named the folders."""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from mcp.server.mcpserver.exceptions import ToolError

# Far above what a gateway takes, and far below what would hurt.
_LARGEST_BYTES: Final = 200_000_000


class Recordings:
    """Reads files under `folders`, links followed first: what lies elsewhere is refused."""

    def __init__(self, folders: Sequence[Path]) -> None:
        self._folders = [folder.resolve() for folder in folders]

    @property
    def are_allowed(self) -> bool:
        """Whether there is any folder."""
        return bool(self._folders)

    def read(self, path: str) -> bytes:
        """The bytes of a file. Blocks. Raises ToolError, with the same words for what is not there and for
        what is not allowed: nobody learns by it what lies on this machine.
        """
        try:
            found = Path(path).expanduser().resolve()
            if any(found.is_relative_to(folder) for folder in self._folders) and found.is_file():
                with found.open("rb") as file:
                    data = file.read(_LARGEST_BYTES + 1)
                if len(data) > _LARGEST_BYTES:
                    raise ToolError("The file is too large for a voice note.")
                return data
        except (OSError, ValueError, RuntimeError):
            pass
        allowed = ", ".join(map(str, self._folders))
        raise ToolError(f"There is no such file in the folders that may be read: {allowed}.")
