"""What commands print: JSON for programs, tables for people, and neither colour nor cut lines in a pipe."""

import json
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Final

import msgspec
import typer
from rich.cells import cell_len, set_cell_size
from rich.console import Console
from rich.text import Text

# What is read by another program is never wrapped or cut.
_PIPE_COLUMNS: Final = 10_000
_GAP: Final = "  "
# What strangers write must not steer the terminal, nor turn the reading direction of a line around.
_STEERING: Final = dict.fromkeys(
    [*range(0x20), *range(0x7F, 0xA0), *range(0x202A, 0x202F), *range(0x2066, 0x206A)]
)


class _Screen(Console):
    def on_broken_pipe(self) -> None:
        """Let the command end as when any other of its output is not read."""
        raise BrokenPipeError


def console(*, err: bool = False) -> Console:
    """The terminal, or the pipe in its place."""
    screen = _Screen(stderr=err, highlight=False)
    if not screen.is_terminal:
        screen.width = _PIPE_COLUMNS
    return screen


def show_json(value: Any) -> None:
    """Print one JSON document."""
    typer.echo(json.dumps(msgspec.to_builtins(value), indent=2))


def show_line(value: Any) -> None:
    """Print one JSON document on a line of its own, of a command that prints many."""
    typer.echo(msgspec.json.encode(value).decode())


def show_rows(columns: Sequence[str], rows: Iterable[Iterable[object]], nothing: str) -> None:
    """Print a table, or the sentence `nothing` where there are no rows. See `drawn`."""
    cells = [[shown(cell) for cell in row] for row in rows]
    if not cells:
        typer.echo(nothing, err=True)
        return
    screen = console()
    screen.print(drawn(columns, cells, screen.width), soft_wrap=True)


def show_facts(facts: Mapping[str, object]) -> None:
    """Print names and values, one on a line."""
    wide = max(map(len, facts), default=0)
    for name, value in facts.items():
        typer.echo(f"{name:{wide}}  {shown(value)}")


def drawn(columns: Sequence[str], rows: Sequence[Sequence[str]], width: int) -> Text:
    """The rows below the names of their columns. Where that is too wide, each row becomes two lines, the
    second with the columns whose name begins with `=`: those are for copying. Nothing is cut.
    """
    names = [column.removeprefix("=") for column in columns]
    wide = [max(map(cell_len, column)) for column in zip(names, *rows, strict=True)]
    if sum(wide) + len(_GAP) * (len(wide) - 1) <= width:
        lines = [_GAP.join(set_cell_size(*cell) for cell in zip(row, wide, strict=True)) for row in rows]
        head = _GAP.join(set_cell_size(*cell) for cell in zip(names, wide, strict=True))
        return Text("\n").join([Text(head.rstrip(), "bold"), *(Text(line.rstrip()) for line in lines)])
    return Text("\n").join(Text(_in_two_lines(columns, row)) for row in rows)


def _in_two_lines(columns: Sequence[str], row: Sequence[str]) -> str:
    said = [cell for column, cell in zip(columns, row, strict=True) if cell and not column.startswith("=")]
    copied = [cell for column, cell in zip(columns, row, strict=True) if cell and column.startswith("=")]
    return _GAP.join(said) + (f"\n{_GAP * 2}{_GAP.join(copied)}" if copied else "")


def shown(value: object) -> str:
    """A value as a cell."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list | tuple):
        return ", ".join(map(shown, value))
    if isinstance(value, dict):
        return shown(json.dumps(value, ensure_ascii=False))
    return " ".join(str(value).split()).translate(_STEERING)


def moment(text: str | None) -> str:
    """A time of the gateway as this machine's clock shows it, to the second."""
    if not text:
        return ""
    return datetime.fromisoformat(text).astimezone().strftime("%Y-%m-%d %H:%M:%S")


def moment_of(seconds: int) -> str:
    """The same of seconds since the epoch."""
    return moment(datetime.fromtimestamp(seconds, UTC).isoformat()) if seconds else ""
