"""SQL lives in `queries/<aggregate>.sql` as named blocks; a block begins with `-- name: <name>`."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_FOLDER: Final = Path(__file__).parent / "queries"
_HEAD: Final = "-- name: "


def statements(aggregate: str) -> Mapping[str, str]:
    """The statements of one aggregate's file by name, comments and the final semicolon left out.

    Read once where a store is made. Raises ValueError for a name that comes twice or text before the first
    name.
    """
    found: dict[str, str] = {}
    name: str | None = None
    lines: list[str] = []
    text = (_FOLDER / f"{aggregate}.sql").read_text(encoding="utf-8")
    for line in [*text.splitlines(), _HEAD]:
        if line.startswith(_HEAD):
            if name is not None:
                found[name] = "\n".join(lines).strip().removesuffix(";")
            name, lines = line.removeprefix(_HEAD).strip(), []
            if name in found:
                raise ValueError(f"{aggregate}.sql: {name} comes twice")
        elif line.strip() and not line.lstrip().startswith("--"):
            if name is None:
                raise ValueError(f"{aggregate}.sql: SQL before the first name")
            lines.append(line)
    return found
