"""Types of options as a person reads them in `--help`, in the place of Python's names for them."""

from typing import Any, Final

import typer
from typer.core import TyperArgument, TyperGroup, TyperOption

_WORDS: Final = {
    "<str>": "TEXT",
    "<int>": "N",
    "<float>": "NUMBER",
    "<file>": "FILE",
    "<path>": "PATH",
    "<Path>": "PATH",
    "<directory>": "FOLDER",
    "<int range>": "N",
    "<float range>": "NUMBER",
    "<list[str]>": "TEXT",
}


def legible(command: Any) -> Any:
    """The same command, whose options say what they take in words; a flag takes nothing."""
    for param in command.get_params(typer.Context(command)):
        plain(param)
    if isinstance(command, TyperGroup):
        for inner in command.commands.values():
            legible(inner)
    return command


def plain(param: Any) -> Any:
    """The same option or argument, which says what it takes in words."""
    if isinstance(param, TyperOption) and param.metavar is None:
        param.metavar = _metavar(param)
    elif isinstance(param, TyperArgument):
        # Its name says it already.
        param.display_type_rich = lambda ctx: None  # type: ignore[method-assign]  # noqa: ARG005
    return param


def _metavar(option: TyperOption) -> str | None:
    if option.is_flag:
        return ""
    kind = option.type_descriptor
    shown = option.display_type(None)  # type: ignore[arg-type]
    return shown.strip("<>") if kind.is_choice else _WORDS.get(shown)
