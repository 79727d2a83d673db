"""SQL lives in `<aggregate>.sql` as named blocks; a block begins with `-- name: <name>`.

What both databases understand is in `queries/`, what differs in `sqlite/queries/` and `postgres/queries/`,
under the same name in both.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

_SHARED: Final = Path(__file__).parent / "queries"
_HEAD: Final = "-- name: "


def statements(aggregate: str, own: Path) -> Mapping[str, str]:
    """The statements of one aggregate by name, comments and the final semicolon left out; `own` is the
    dialect's folder.

    Read once where a store is made. Raises ValueError for a name that comes twice or text before the first
    name, FileNotFoundError when nobody has such an aggregate.
    """
    files = [folder / f"{aggregate}.sql" for folder in (_SHARED, own)]
    found: dict[str, str] = {}
    for file in [file for file in files if file.exists()] or files[:1]:
        for name, sql in _blocks(file):
            if name in found:
                raise ValueError(f"{file.name}: {name} comes twice")
            found[name] = sql
    return found


def _blocks(file: Path) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    name: str | None = None
    lines: list[str] = []
    for line in [*file.read_text(encoding="utf-8").splitlines(), _HEAD]:
        if line.startswith(_HEAD):
            if name is not None:
                found.append((name, "\n".join(lines).strip().removesuffix(";")))
            name, lines = line.removeprefix(_HEAD).strip(), []
        elif line.strip() and not line.lstrip().startswith("--"):
            if name is None:
                raise ValueError(f"{file.name}: SQL before the first name")
            lines.append(line)
    return found
