"""The files that pages load: read once, under an address that changes with their contents."""

import hashlib
from collections.abc import Mapping
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from waypost.api.replies import Reply
from waypost.errors import NOT_FOUND, ApiError

PATH: Final = "/assets"
_TYPES: Final = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
}
# The address changes with the contents: what a browser has it need not ask for again.
_HEADERS: Final = {"Cache-Control": "public, max-age=31536000, immutable"}


class Assets:
    """Scripts, styles and pictures of the pages. A path that is not one of theirs names nothing."""

    def __init__(self) -> None:
        self._files: Mapping[str, bytes] = dict(_read(files("waypost.dashboard") / "assets", ""))
        digest = hashlib.sha256()
        for name, data in sorted(self._files.items()):
            digest.update(f"{name}\n{len(data)}\n".encode() + data)
        self._version = digest.hexdigest()[:12]

    @property
    def base(self) -> str:
        """Where they are; they find each other by relative addresses."""
        return f"{PATH}/{self._version}"

    def get(self, version: str, name: str) -> Reply:
        """One of them. Raises ApiError(NOT_FOUND)."""
        data = self._files.get(name)
        if data is None or version != self._version:
            raise ApiError(NOT_FOUND)
        kind = _TYPES[name[name.rindex(".") :]]
        return Reply(raw=data, media_type=kind, headers=_HEADERS)


def _read(folder: Traversable, prefix: str) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    for entry in folder.iterdir():
        if entry.is_dir():
            found += _read(entry, f"{prefix}{entry.name}/")
        elif any(entry.name.endswith(kind) for kind in _TYPES):
            found.append((prefix + entry.name, entry.read_bytes()))
    return found
